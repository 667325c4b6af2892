import type { AST } from 'toml-eslint-parser';
import { TEXT_START } from './text-range.ts';
import type { LineIndex, TextRange } from './text-range.ts';

/** A path into a TOML document; list places as numbers. */
export type TomlPath = readonly PropertyKey[];

interface Place {
  /** Offsets of the key, `null` for a list element. */
  key: readonly [number, number] | null;
  /** Offsets of the value; of the header's name for a table. */
  value: readonly [number, number] | null;
  readonly children: Map<string, Place>;
}

/** Where the keys and values of one document stand. */
export class TomlPlaces {
  private readonly root: Place;
  private readonly text: string;
  private readonly lines: LineIndex;

  constructor(program: AST.TOMLProgram, text: string, lines: LineIndex) {
    this.root = newPlace();
    this.text = text;
    this.lines = lines;
    for (const item of program.body[0].body) {
      if (item.type === 'TOMLTable') {
        this.addTable(item);
      } else {
        addKeyValue(this.root, item);
      }
    }
  }

  /**
   * Finds a key.
   *
   * @param path - of the key
   * @returns its range; of the nearest table around it when it is not there
   */
  keyRange(path: TomlPath): TextRange {
    const { place } = this.nearest(path);
    return this.toRange(place?.key ?? place?.value);
  }

  /**
   * Finds a value.
   *
   * @param path - of the value
   * @returns its range; of the nearest table around it when it is not there
   */
  valueRange(path: TomlPath): TextRange {
    const { place, found } = this.nearest(path);
    return this.toRange(found ? (place?.value ?? place?.key) : (place?.key ?? place?.value));
  }

  /**
   * Reads how a value is written.
   *
   * @param path - of the value
   * @returns the source text, or `undefined` when it is not there
   */
  source(path: TomlPath): string | undefined {
    const { place, found } = this.nearest(path);
    return found && place?.value ? this.text.slice(...place.value) : undefined;
  }

  /**
   * The whole lines of a key and its value, to take them out.
   *
   * @param path - of the key
   * @returns from the start of its first line to the start of the line after its last
   */
  lineRange(path: TomlPath): TextRange {
    const key = this.keyRange(path);
    const value = this.valueRange(path);
    const start = this.lines.offset(key.startLine, 0);
    const end = this.lines.offset(value.endLine + 1, 0);
    // The last line has none after it: the offset is clamped to its own start.
    const last = this.lines.offset(value.endLine, Number.MAX_SAFE_INTEGER);
    return this.lines.range(start, Math.max(end, last));
  }

  private nearest(path: TomlPath): { place: Place | undefined; found: boolean } {
    let place = this.root;
    for (const part of path) {
      const next = place.children.get(String(part));
      if (next === undefined) {
        return { place, found: false };
      }
      place = next;
    }
    return { place, found: true };
  }

  private toRange(offsets: readonly [number, number] | null | undefined): TextRange {
    return offsets ? this.lines.range(...offsets) : TEXT_START;
  }

  private addTable(table: AST.TOMLTable): void {
    const names = [...table.key.keys];
    let place = this.root;
    for (const part of table.resolvedKey) {
      place = child(place, String(part));
      if (typeof part === 'string') {
        const named = names.shift();
        place.key ??= named?.range ?? null;
      }
    }
    place.value ??= table.key.range;
    for (const item of table.body) {
      addKeyValue(place, item);
    }
  }
}

function addKeyValue(parent: Place, item: AST.TOMLKeyValue): void {
  let place = parent;
  for (const key of item.key.keys) {
    place = child(place, key.type === 'TOMLBare' ? key.name : key.value);
    place.key ??= key.range;
  }
  addValue(place, item.value);
}

function addValue(place: Place, value: AST.TOMLContentNode): void {
  place.value ??= value.range;
  if (value.type === 'TOMLArray') {
    for (const [index, element] of value.elements.entries()) {
      addValue(child(place, String(index)), element);
    }
  } else if (value.type === 'TOMLInlineTable') {
    for (const item of value.body) {
      addKeyValue(place, item);
    }
  }
}

function child(parent: Place, name: string): Place {
  let place = parent.children.get(name);
  if (place === undefined) {
    place = newPlace();
    parent.children.set(name, place);
  }
  return place;
}

function newPlace(): Place {
  return { key: null, value: null, children: new Map() };
}
