/** What scripts put on the page's own objects, and on each other's, from outside. */

import type { AtlasCanvas } from "../../assets/canvas/canvas.mjs";
import type { Pen } from "../../assets/pictures/ink.mjs";
import type { FilmPlayer } from "../../assets/film/player.mjs";
import type { StackView } from "../../assets/stack/view.mjs";
import "../../assets/canvas/around/frame.mjs";

declare global {
  interface HTMLElement {
    /** The canvas that a host holds, for the page, for tests and for who works at the console. */
    atlasCanvas?: AtlasCanvas | StackView;
    atlasFilm?: FilmPlayer;
    /** What was opened in a host. */
    atlasMounted?: string;
  }
  interface Window {
    /** Dash puts `set_props` there when it begins. */
    dash_clientside?: {
      set_props?: (id: string, props: object) => void;
      [namespace: string]: any;
    };
    /** Functions that components of tables and of Mantine are given by their names. */
    dashAgGridComponentFunctions?: Record<string, (props: any) => any>;
    dashMantineFunctions?: Record<string, (props: any) => any>;
    /** The library that draws the page; it comes with Dash. */
    React: { createElement: (type: string, props: object | null, ...children: any[]) => object };
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
    /** How strongly slices are drawn, by their numbers, where not fully. */
    strengths?: Map<number, number>;
    /** Whether spots lie in the order of their layers. */
    sorted?: boolean;
    facts?: (index: number) => string[][];
  }
}

declare module "../../assets/canvas/around/frame.mjs" {
  interface Frame {
    /** Lines that a page draws over the map, for a picture. */
    axes?: { ink: (pen: Pen) => void };
  }
}
