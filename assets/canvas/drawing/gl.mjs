/**
 * The WebGL2 side: one pass over the canvas that looks up, per pixel, which spot is there (the index
 * map) and which colour that spot has (its tint). A new gene replaces the tints, a few bytes per
 * spot, and runs the pass again; a new camera replaces the index map.
 */

import { present } from "../../page/present.mjs";

const VERTEX = `#version 300 es
void main() {
  vec2 corner = vec2(float((gl_VertexID << 1) & 2), float(gl_VertexID & 2));
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}`;

const ROW_BITS = 11;
const ROW = 1 << ROW_BITS;

// Software renderers pay for every look-up: there are two, and none where no spot is; a program of its
// own has the one for what lies behind the spots.
const FRAGMENT = (/** @type {boolean} */ grounded) => `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
uniform usampler2D spots;
uniform sampler2D tints;
uniform sampler2D ground;
uniform vec3 background;
uniform int height;
out vec4 pixel;
void main() {
  ivec2 here = ivec2(int(gl_FragCoord.x), height - 1 - int(gl_FragCoord.y));
  uint found = texelFetch(spots, here, 0).r;
  uint id = found & 0xffffffu;
  vec3 behind = ${grounded ? "texelFetch(ground, here, 0).rgb" : "background"};
  if (id == 0u) {
    pixel = vec4(behind, 1.0);
    return;
  }
  uint spot = id - 1u;
  ivec2 at = ivec2(int(spot & ${ROW - 1}u), int(spot >> ${ROW_BITS}u));
  vec3 tint = texelFetch(tints, at, 0).rgb;
  pixel = vec4(mix(behind, tint, float(found >> 24) / 255.0), 1.0);
}`;

const TEXTURES = ["spots", "tints", "ground"];

/** @typedef {import("./splat.mjs").Part} Part */
/**
 * @typedef {{program: WebGLProgram, background: WebGLUniformLocation | null,
 *   height: WebGLUniformLocation | null}} Program null: what a program does not look at has no place in it
 */

export class Painter {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    const gl = canvas.getContext("webgl2", {
      alpha: false,
      antialias: false,
      depth: false,
      preserveDrawingBuffer: true,
    });
    if (!gl) throw new Error("WebGL2 is missing");
    this.canvas = canvas;
    this.gl = gl;
    this.draws = 0;
    /** @type {Program[]} without a ground and with one, once it is wanted */
    this.programs = [];
    gl.bindVertexArray(gl.createVertexArray());
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    TEXTURES.forEach((_, unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    });
    this.ground = false;
    this.#program();
  }

  /** The program in use, for the ground that there is.
   * @returns {Program} */
  #program() {
    const { gl, ground } = this;
    let known = this.programs[Number(ground)];
    if (!known) {
      const program = link(gl, VERTEX, FRAGMENT(ground));
      gl.useProgram(program);
      TEXTURES.forEach((name, unit) => gl.uniform1i(gl.getUniformLocation(program, name), unit));
      const [background, height] = ["background", "height"].map((name) => gl.getUniformLocation(program, name));
      known = { program, background, height };
      this.programs[Number(ground)] = known;
    }
    gl.useProgram(known.program);
    return known;
  }

  get lost() {
    return this.gl.isContextLost();
  }

  get renderer() {
    const info = this.gl.getExtension("WEBGL_debug_renderer_info");
    return info ? this.gl.getParameter(info.UNMASKED_RENDERER_WEBGL) : "WebGL2";
  }

  /** @param {import("./splat.mjs").IndexMap} map @param {Part} [part] where it changed, else all */
  setMap(map, part) {
    const { gl, canvas } = this;
    gl.activeTexture(gl.TEXTURE0);
    const { width, height, pixels } = map;
    const kind = /** @type {const} */ ([gl.RED_INTEGER, gl.UNSIGNED_INT]);
    if (canvas.width === width && canvas.height === height && this.sized) {
      const { left, top, right, bottom } = part ?? { left: 0, top: 0, right: width, bottom: height };
      const size = /** @type {const} */ ([right - left, bottom - top]);
      // Rows of a part are as far from each other as those of the whole.
      gl.pixelStorei(gl.UNPACK_ROW_LENGTH, width);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, left, top, ...size, ...kind, pixels, top * width + left);
      gl.pixelStorei(gl.UNPACK_ROW_LENGTH, 0);
      return;
    }
    canvas.width = width;
    canvas.height = height;
    this.sized = true;
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32UI, width, height, 0, ...kind, pixels);
  }

  /** @param {Uint32Array} tints RGBA bytes per spot */
  setTints(tints) {
    const { gl } = this;
    const rows = Math.max(1, Math.ceil(tints.length / ROW));
    const padded = new Uint32Array(rows * ROW);
    padded.set(tints);
    const bytes = new Uint8Array(padded.buffer);
    gl.activeTexture(gl.TEXTURE1);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, ROW, rows, 0, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
  }

  /** @param {HTMLCanvasElement | null} picture of the canvas's size behind the spots; null = paper */
  setGround(picture) {
    const { gl } = this;
    this.ground = picture !== null;
    if (!picture) return;
    gl.activeTexture(gl.TEXTURE2);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, picture);
  }

  /** @param {[number, number, number]} background sRGB bytes @param {Part} [part] else all */
  draw(background, part) {
    const { gl, canvas } = this;
    if (part) {
      const { left, top, right, bottom } = part;
      gl.enable(gl.SCISSOR_TEST);
      gl.scissor(left, canvas.height - bottom, right - left, bottom - top);
    } else gl.disable(gl.SCISSOR_TEST);
    gl.viewport(0, 0, canvas.width, canvas.height);
    const places = this.#program();
    gl.uniform3fv(places.background, background.map((v) => v / 255));
    gl.uniform1i(places.height, canvas.height);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    this.draws++;
  }

  /** Wait until everything asked for is drawn: reading one pixel back cannot finish earlier. */
  flush() {
    this.read(0, 0);
  }

  /** @param {number} column @param {number} row device pixels @returns {number[]} RGBA bytes */
  read(column, row) {
    const pixel = new Uint8Array(4);
    const { gl } = this;
    gl.readPixels(column, this.canvas.height - 1 - row, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    return [...pixel];
  }

  /** @returns {(column: number, row: number) => number[]} looks up the canvas as it is now */
  snapshot() {
    const { gl } = this;
    const { width, height } = this.canvas;
    const pixels = new Uint8Array(width * height * 4);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    return (column, row) => {
      const at = 4 * ((height - 1 - row) * width + column);
      return [...pixels.subarray(at, at + 4)];
    };
  }

  /** Free the context at once: browsers allow only a few. */
  release() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

/** @param {WebGL2RenderingContext} gl @param {string} vertex @param {string} fragment */
function link(gl, vertex, fragment) {
  const program = present(gl.createProgram(), "A program of the graphics card");
  for (const [kind, text] of /** @type {const} */ ([
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ])) {
    const shader = present(gl.createShader(kind), "A shader");
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`the shader does not link: ${gl.getProgramInfoLog(program)}`);
  }
  return program;
}
