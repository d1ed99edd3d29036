"""What `course.py` and the authors use: set-up, copies, links and stored outputs."""
