// What tools/browser.py asks a page of JupyterLab; loaded into each before its own code.
window.course = (() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const prompts = (form) =>
    all(".jp-CodeCell .jp-InputPrompt").filter((p) => form.test(p.textContent)).length;
  const idle = () =>
    document.querySelector(".jp-Notebook-ExecutionIndicator")?.dataset.status === "idle";
  const images = () => all(".jp-Notebook img");
  const short = (text) => text.trim().slice(0, 200);

  const rawMaths = () =>
    all(".jp-MarkdownOutput").flatMap((cell) => {
      const copy = cell.cloneNode(true);
      // MathJax keeps the words of what it could not read in the MathML beside it.
      const wrong = all("merror, math [mathcolor='red']", copy);
      all("code, pre, mjx-container", copy).forEach((element) => element.remove());
      const raw = copy.textContent.match(/\$\$|\\\(|\\[a-z]{3,}|\$[^$\n]+\$/g) ?? [];
      return [...wrong.map((element) => short(element.textContent)), ...raw];
    });

  return {
    // How far the notebook is; `cells` is the number of code cells in its file.
    loaded: (cells) => all(".jp-CodeCell").length === cells,
    expanded: (cells) => prompts(/\[.*\]/) === cells,
    cleared: (cells) => prompts(/\[\s*\]/) === cells,
    started: () => prompts(/\[(\d+|\*)\]/) > 0,
    done: (cells) => prompts(/\[\d+\]/) === cells,
    ended: () => idle() && prompts(/\[\*\]/) === 0,
    idle,
    noRawMaths: () => rawMaths().length === 0,
    complete: () => images().every((image) => image.complete),

    // What is wrong with it.
    failedOutputs: () =>
      all(".jp-OutputArea-output")
        .filter((output) => /stderr|error/.test(output.dataset.mimeType ?? ""))
        .map((output) => short(output.textContent.replace(/-{9,}\s*/, ""))),
    rawMaths,
    brokenImages: () =>
      images()
        .filter((image) => !(image.complete && image.naturalWidth > 0))
        .map((image) => short(image.alt || image.src)),
    rawDiagrams: () =>
      all(".jp-MarkdownOutput code.language-mermaid, .jp-RenderedMermaid.jp-mod-warning")
        .map((element) => short(element.textContent)),
    diagrams: () => all(".jp-RenderedMermaid img, .jp-RenderedMermaid svg").length,

    // How long a key press takes to become a new picture.
    watch: (image) => {
      window.redrawn = null;
      const once = { capture: true, once: true };
      addEventListener("keydown", () => (window.pressed = performance.now()), once);
      const ready = () => (window.redrawn = performance.now() - window.pressed);
      image.addEventListener("load", ready, { once: true });
    },
    redrawn: () => window.redrawn !== null,
    pixels: (image) => {
      const canvas = document.createElement("canvas");
      canvas.width = image.naturalWidth;
      canvas.height = image.naturalHeight;
      canvas.getContext("2d").drawImage(image, 0, 0);
      return canvas.toDataURL();
    },
  };
})();
