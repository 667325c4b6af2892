/** Where the texts of generated documents are kept, by path. */
export class DocumentTexts {
  private readonly texts = new Map<string, PublishedText>();

  /**
   * Names a text and says how it is made; replaces the one of that name.
   *
   * @param path - name of the document
   * @param text - makes the text, each time anew
   */
  publish(path: string, text: () => string): void {
    this.texts.set(path, { text, shown: false });
  }

  /**
   * Makes a text to show it.
   *
   * @param path - name of the document
   * @returns its text, empty when there is none of that name
   */
  show(path: string): string {
    const published = this.texts.get(path);
    if (published === undefined) {
      return '';
    }
    published.shown = true;
    return published.text();
  }

  /**
   * Lets go of a text whose document was closed; it may be large. One published
   * anew while the old one was closing has yet to be shown and stays.
   *
   * @param path - name of the document
   */
  closed(path: string): void {
    if (this.texts.get(path)?.shown === true) {
      this.texts.delete(path);
    }
  }

  /**
   * All names.
   *
   * @returns in the order they were first published
   */
  paths(): readonly string[] {
    return [...this.texts.keys()];
  }
}

interface PublishedText {
  readonly text: () => string;
  shown: boolean;
}

/**
 * Makes a name fit for the path of a document.
 *
 * @param name - any text
 * @returns the text without separators
 */
export function safeName(name: string): string {
  return name.replaceAll(/[\\/:?#%]+/g, '-');
}
