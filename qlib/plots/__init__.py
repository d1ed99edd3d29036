"""Every figure of the course, in one style: one module a lesson.

A plotting function returns a `Picture`: an image with its alternative text and the
numbers that it shows, so that a test can compare the numbers instead of the pixels.

    from qlib.plots import lesson_01 as plots
    plots.number_line(x, params)
"""
