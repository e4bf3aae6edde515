// What is done within a page. Plain functions under one name, called by the worker; nothing here reaches the network.
(() => {
  if (window.__newswarc) return;
  const seen = new WeakSet();

  const isShown = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility !== "hidden";
  };

  const textOf = (element) =>
    (element.innerText || element.value || element.getAttribute("aria-label") || element.title || "")
      .replace(/\s+/g, " ").trim().toLowerCase();

  // All elements, those in open shadow trees too
  function* everywhere(root = document) {
    for (const element of root.querySelectorAll("*")) {
      yield element;
      if (element.shadowRoot) yield* everywhere(element.shadowRoot);
    }
  }

  const find = (selector) => {
    const plain = document.querySelector(selector);
    if (plain) return plain;
    for (const element of everywhere()) {
      const found = element.shadowRoot && element.shadowRoot.querySelector(selector);
      if (found) return found;
    }
    return null;
  };

  const press = (element) => {
    if (seen.has(element)) return false;
    seen.add(element);
    element.scrollIntoView({ block: "center" });
    element.click();
    return true;
  };

  const staysHere = (element) => {
    const link = element.closest("a[href]");
    if (!link) return !element.closest("form");
    const target = link.getAttribute("href").trim();
    return target === "" || target.startsWith("#") || target.toLowerCase().startsWith("javascript:");
  };

  const BUTTONS = "button, a, [role=button], input[type=button], input[type=submit], summary";

  window.__newswarc = {
    // The first rule that names a button that is shown; rules are [name, selector]
    consentByRule(rules) {
      for (const [name, selector] of rules) {
        const button = find(selector);
        if (button && isShown(button) && press(button)) return name;
      }
      return "";
    },

    // A button with one of the texts, in something that overlays the page and speaks of cookies or consent
    consentByText(texts, subjects) {
      const overlays = [...everywhere()].filter((element) => {
        if (!isShown(element)) return false;
        const style = getComputedStyle(element);
        const isOver = style.position === "fixed" || style.position === "sticky" || element.matches("[role=dialog], dialog");
        const words = isOver ? textOf(element) : "";
        return isOver && subjects.some((subject) => words.includes(subject));
      });
      for (const text of texts) {
        for (const overlay of overlays) {
          const roots = [overlay, ...(overlay.shadowRoot ? [overlay.shadowRoot] : [])];
          for (const root of roots) {
            for (const button of root.querySelectorAll(BUTTONS)) {
              if (isShown(button) && textOf(button) === text && press(button)) return text;
            }
          }
        }
      }
      return "";
    },

    expand(texts, most) {
      let count = 0;
      for (const details of document.querySelectorAll("details:not([open])")) {
        details.open = true;
        count += 1;
      }
      for (const button of document.querySelectorAll(BUTTONS)) {
        if (count >= most) break;
        const text = textOf(button);
        const isMore = text.length < 40 && texts.some((more) => text === more || text.startsWith(more));
        if (isMore && isShown(button) && staysHere(button) && press(button)) count += 1;
      }
      return count;
    },

    // Pictures that wait for a reader to come near them
    lazy() {
      let count = 0;
      for (const picture of document.querySelectorAll("img[loading=lazy], iframe[loading=lazy]")) {
        picture.loading = "eager";
        count += 1;
      }
      return count;
    },

    gallery(selectors) {
      for (const selector of selectors) {
        for (const button of document.querySelectorAll(selector)) {
          const isOff = button.disabled || button.getAttribute("aria-disabled") === "true";
          if (isShown(button) && !isOff && staysHere(button)) {
            button.click();
            return true;
          }
        }
      }
      return false;
    },

    click(selector, most) {
      let count = 0;
      for (const element of document.querySelectorAll(selector)) {
        if (count >= most) break;
        if (isShown(element)) {
          element.click();
          count += 1;
        }
      }
      return count;
    },

    remove(selector) {
      const found = document.querySelectorAll(selector);
      found.forEach((element) => element.remove());
      return found.length;
    },

    size() {
      const elements = document.getElementsByTagName("*").length;
      const root = document.scrollingElement || document.documentElement;
      return { elements, height: root ? root.scrollHeight : 0, top: Math.ceil(scrollY + innerHeight) };
    },

    // The document as it stands, open shadow trees written out where they are shown
    dom() {
      const type = document.doctype;
      const head = type ? `<!DOCTYPE ${type.name}>\n` : "";
      const hosts = [];
      let number = 0;
      for (const element of document.getElementsByTagName("*")) {
        if (element.shadowRoot) hosts.push([number, element.shadowRoot.innerHTML]);
        number += 1;
      }
      if (!hosts.length) return head + document.documentElement.outerHTML;
      const copy = document.documentElement.cloneNode(true);
      const elements = [copy, ...copy.getElementsByTagName("*")];
      for (const [at, inner] of hosts) {
        const within = document.createElement("div");
        within.innerHTML = inner;
        if (elements[at]) elements[at].prepend(within);
      }
      return head + copy.outerHTML;
    },

    text(most) {
      return document.body ? document.body.innerText.slice(0, most) : "";
    },

    loadedFrom() {
      const [navigation] = performance.getEntriesByType("navigation");
      return navigation ? navigation.name : location.href;
    },
  };
})();
