// Draws formulas and diagrams, cuts what is too tall, and only then starts reveal.js:
// a slide that is hidden has no size.
(async () => {
  await MathJax.startup.promise;
  if (window.mermaid) {
    mermaid.initialize({ startOnLoad: false, theme: "neutral" });
    await mermaid.run();
  }
  await document.fonts.ready;
  await Promise.all([...document.images].map((image) => image.decode().catch(() => 0)));

  const height = 720;
  const sections = [...document.querySelectorAll(".slides section")];

  // Draws a slide's cells smaller, down to `least`, and tells whether it fits now.
  const shrink = (section, least) => {
    const cells = [...section.querySelectorAll(".jp-Cell")];
    const draw = () => cells.forEach((cell) => (cell.style.zoom = zoom));
    let zoom = 1;
    while (section.scrollHeight > height && zoom > least) {
      zoom = Math.max(least, zoom - 0.04);
      draw();
    }
    if (section.scrollHeight <= height) return true;
    zoom = 1;
    draw();
    return false;
  };
  // Parts code from what it shows, if the first cell has both; returns where to cut.
  const parted = (parts) => {
    const shown = parts[0].querySelector(".jp-Cell-outputWrapper");
    if (shown && parts[0].querySelector(".jp-Cell-inputWrapper")) {
      const rest = shown.parentElement.cloneNode(false);
      rest.append(shown);
      parts.splice(1, 0, rest);
    }
    return 1;
  };
  // What does not fit goes on below, on a slide of its own that begins with a cell.
  const goOn = (section) => {
    if (shrink(section, 0.8)) return;
    const parts = [...section.children].filter((part) => !part.matches("aside"));
    const bottom = section.getBoundingClientRect().top + height - 12;
    let cut = parts.findIndex((part) => part.getBoundingClientRect().bottom > bottom);
    if (cut === 0) cut = parted(parts);
    if (cut > 0 && cut < parts.length) {
      const next = section.cloneNode(false);
      next.removeAttribute("id");
      next.append(...parts.slice(cut));
      section.after(next);
      goOn(next);
    }
    shrink(section, 0.3); // a single cell that is too tall for any slide
  };
  const leaves = sections.filter((section) => !section.querySelector("section"));
  leaves.forEach(goOn);

  await Reveal.initialize({
    width: 1280,
    height,
    margin: 0,
    center: false,
    hash: true,
    slideNumber: "c/t",
    transition: "none",
    plugins: [RevealNotes],
  });
  document.body.dataset.ready = "yes";
})();
