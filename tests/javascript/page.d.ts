/** What scripts put on the page's own objects, and on each other's, from outside. */

import "../../assets/canvas/canvas.mjs";
import "../../assets/canvas/frame.mjs";

declare global {
  interface HTMLElement {
    /** The canvas that a host holds, for the page, for tests and for who works at the console. */
    atlasCanvas?: any;
    atlasFilm?: any;
    /** What was opened in a host. */
    atlasMounted?: string;
  }
  interface Window {
    dash_clientside: { set_props: (id: string, props: object) => void };
  }
  /** Of ES2023, which the compiler does not know yet. */
  interface Array<T> {
    findLastIndex(accept: (value: T, index: number) => boolean): number;
  }
}

declare module "../../assets/canvas/canvas.mjs" {
  /** What canvases of other pages say of themselves. */
  interface AtlasCanvas {
    readOnly?: boolean;
    tissue?: string;
    facts?: (index: number) => string[][];
  }
}

declare module "../../assets/canvas/frame.mjs" {
  interface Frame {
    /** Lines that a page draws over the map, for a picture. */
    axes?: { ink: (pen: any) => void };
  }
}
