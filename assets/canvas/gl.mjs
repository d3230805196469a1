/**
 * The WebGL2 side: one pass over the canvas that looks up, per pixel, the spot (from the index map),
 * its byte of value and its colour in the palette. A new gene replaces one byte per spot; a new clip
 * or colour map replaces 1 KB of palette.
 */

const VERTEX = `#version 300 es
void main() {
  vec2 corner = vec2(float((gl_VertexID << 1) & 2), float(gl_VertexID & 2));
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}`;

const ROW = 2048;

const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
uniform usampler2D spots;
uniform usampler2D values;
uniform usampler2D marks;
uniform sampler2D palette;
uniform vec3 background;
uniform int height;
uniform bool selecting;
out vec4 pixel;
void main() {
  uint found = texelFetch(spots, ivec2(int(gl_FragCoord.x), height - 1 - int(gl_FragCoord.y)), 0).r;
  uint id = found & 0xffffffu;
  if (id == 0u) {
    pixel = vec4(background, 1.0);
    return;
  }
  int spot = int(id - 1u);
  ivec2 at = ivec2(spot % ${ROW}, spot / ${ROW});
  uint value = texelFetch(values, at, 0).r;
  uint mark = texelFetch(marks, at, 0).r;
  vec3 color = texelFetch(palette, ivec2(int(value), 0), 0).rgb;
  float dim = (mark & 2u) != 0u ? 0.9 : (selecting && (mark & 1u) == 0u ? 0.86 : 0.0);
  float cover = float(found >> 24) / 255.0;
  pixel = vec4(mix(background, mix(color, background, dim), cover), 1.0);
}`;

/** Bits of a spot's mark. */
export const PICKED = 1;
export const GHOST = 2;

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
    this.program = link(gl, VERTEX, FRAGMENT);
    gl.useProgram(this.program);
    gl.bindVertexArray(gl.createVertexArray());
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    ["spots", "values", "marks", "palette"].forEach((name, unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
      gl.uniform1i(gl.getUniformLocation(this.program, name), unit);
    });
    this.background = gl.getUniformLocation(this.program, "background");
    this.height = gl.getUniformLocation(this.program, "height");
    this.selecting = gl.getUniformLocation(this.program, "selecting");
  }

  /** @param {import("./splat.mjs").IndexMap} map */
  setMap(map) {
    const { gl, canvas } = this;
    gl.activeTexture(gl.TEXTURE0);
    const { width, height, pixels } = map;
    if (canvas.width !== width || canvas.height !== height || !this.sized) {
      canvas.width = width;
      canvas.height = height;
      this.sized = true;
      gl.texImage2D(
        gl.TEXTURE_2D, 0, gl.R32UI, width, height, 0, gl.RED_INTEGER, gl.UNSIGNED_INT, pixels,
      );
      return;
    }
    gl.texSubImage2D(
      gl.TEXTURE_2D, 0, 0, 0, width, height, gl.RED_INTEGER, gl.UNSIGNED_INT, pixels,
    );
  }

  /** @param {Uint8Array} bytes one per spot */
  setValues(bytes) {
    this.#setBytes(1, bytes);
  }

  /** @param {Uint8Array} bytes PICKED and GHOST per spot */
  setMarks(bytes) {
    this.#setBytes(2, bytes);
  }

  /** @param {number} unit @param {Uint8Array} bytes */
  #setBytes(unit, bytes) {
    const { gl } = this;
    const rows = Math.max(1, Math.ceil(bytes.length / ROW));
    const padded = new Uint8Array(rows * ROW);
    padded.set(bytes);
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.texImage2D(
      gl.TEXTURE_2D, 0, gl.R8UI, ROW, rows, 0, gl.RED_INTEGER, gl.UNSIGNED_BYTE, padded,
    );
  }

  /** @param {Uint8Array} rgba 256 x 4 */
  setPalette(rgba) {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE3);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, rgba);
  }

  /** @param {[number, number, number]} background sRGB bytes
   * @param {boolean} selecting spots that are not picked step back */
  draw(background, selecting) {
    const { gl, canvas } = this;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.uniform3f(this.background, ...background.map((v) => v / 255));
    gl.uniform1i(this.height, canvas.height);
    gl.uniform1i(this.selecting, selecting ? 1 : 0);
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
  const program = gl.createProgram();
  for (const [kind, text] of /** @type {const} */ ([
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ])) {
    const shader = gl.createShader(kind);
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
