"""From facts to pages: evidence, charts, templates. Rendering is a pure function of facts."""
