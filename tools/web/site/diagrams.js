// Diagrams stand on a white card like the figures, so one theme serves light and dark.
mermaid.initialize({ startOnLoad: true, theme: "neutral" });
