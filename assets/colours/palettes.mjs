/**
 * Colour maps and category colours: the tables of atlas_app/drawing/colors.py, which explains them.
 * @typedef {[number, number, number]} Rgb sRGB bytes
 */

export const DEFAULT_MAP = "viridis";

/** @type {Record<string, string>} 52 anchors per map, six hexadecimal digits each */
export const ANCHORS = {
  viridis:
    "44015446085c471063481769481d6f482475472a7a46307e453781433d844142873f48893d4e8a" +
    "3a538b38598c355e8d33638d31688e2e6d8e2c718e2a768e297b8e27808e25848e23898e218e8d" +
    "20928c1f978b1e9c891fa18821a58524aa8328ae802eb37c35b7793dbc7446c06f50c46a5ac864" +
    "65cb5e70cf577cd25089d54895d840a2da37b0dd2fbddf26cae11fd8e219e5e419f1e51dfde725",
  cividis:
    "00224e002656002a5f002d68003070083370163770203a6f273e6e2e416d34456c3a486c3f4c6c" +
    "444f6c49536c4e566c535a6d575d6d5c616e60646f656870696b716d6f727272747676767a7a78" +
    "7e7d788381798885788d8878928c789690779b9476a09875a59c74aaa073afa471b5a86fbaac6d" +
    "bfb06bc4b468c9b965cfbd62d4c15fdac65bdfca57e5cf52ead34cf0d846f6dd3ffce236fee838",
  magma:
    "00000402020b0504160907200e0b2b140e361a104221114e29115a311165390f6e420f754a1079" +
    "52137c5a167e6219806a1c81721f81792282812581892881912b81992d80a1307eaa337db2357b" +
    "ba3878c23b75ca3e72d2426fd9466be04c67e75263ec5860f1605df4695cf7725cf97b5dfb8560" +
    "fc8e64fd9869fea16efeaa74feb47bfebd82fec68afecf92fed89afde2a3fdebacfcf4b6fcfdbf",
  plasma:
    "0d08871b068d2605912f059638049a41049d4903a05102a35901a56100a76900a87100a87801a8" +
    "8004a88707a68e0ca49511a19c179ea21d9aa82296ae2892b42e8dba3388bf3984c43e7fc9447a" +
    "cd4a76d24f71d6556dda5b69de6164e26660e66c5ce97257ed7953f07f4ff3854bf58c46f79342" +
    "f99a3efba139fca835fdaf31feb72dfebe2afdc627fcce25fbd724f8df25f6e826f3f027f0f921",
  tide:
    "c6f0ffbcedffb3e9fea8e6ff9ee3ff93dfff8bdbfd84d7fc7dd3fa76cff86fcbf668c6f462c2f2" +
    "5cbef056b9ee50b5eb4bb1e846ace641a8e33da3df3a9fdc369ad93396d53192d12f8dcd2d89c9" +
    "2c84c52b80c12a7cbc2a77b72a73b22a6fad2a6ba82a67a32a629d2a5e982a5a922a578c2a5386" +
    "2a4f802a4b7a2a487429446e294068283d6127395b26365425334e243047232c4122293a212633",
  ember:
    "fcebadfbe7a4fae29bf9dd92f8d889f7d380f6ce77f5c86ff4c366f3be5ef2b855f1b34df0ad45" +
    "efa83deda336ec9d2eea9827e8921fe68d18e48811e2830bdf7d05dc7802d97402d66f03d36a06" +
    "cf660acb610fc75d13c35917bf551bba511eb54e21b04b24ab4827a64529a1422b9b402d963d2e" +
    "903b308a39318437317e35327834327232336c3132662f32602e325a2d31542b304d2a2f47292d",
};

export const CATEGORIES = [
  "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7d2e42", "#4ae2ac",
  "#523696", "#9b79fe", "#8b5c47", "#1d536d", "#6fb880", "#6164e4", "#8fd0e2", "#cfc871",
  "#2f7675", "#184fc3", "#7b91d9", "#9d3108", "#0b9109", "#bf3a90", "#eb97bb", "#8d9f4d",
];

export const MISSING = { light: "#c6c6c6", dark: "#5c5c5c" };
export const ZERO = { light: "#e7ebf0", dark: "#343b44" };

/** Below zero, zero, above zero: blue and orange, which all readers tell apart, about the colour that
 * zero has elsewhere. */
export const DIVERGING = {
  light: ["#08306b", "#4292c6", ZERO.light, "#e6842a", "#7f2704"],
  dark: ["#b9e0ff", "#4d9de0", ZERO.dark, "#d9762b", "#ffd9a8"],
};

/** @param {string} hex '#rrggbb', alpha dropped @returns {Rgb} */
export function rgb(hex) {
  const n = parseInt(hex.slice(1, 7), 16);
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255];
}

/** @param {Rgb} color @returns {string} */
export function hexColor(color) {
  return "#" + color.map((v) => v.toString(16).padStart(2, "0")).join("");
}

/** @type {Map<string, Uint8Array>} */
const tables = new Map();

/** @param {string} name @returns {Uint8Array} 256 x 3 sRGB bytes, low values first */
export function colorTable(name) {
  let table = tables.get(name);
  if (!table) {
    table = makeTable(name);
    tables.set(name, table);
  }
  return table;
}

/** @param {"light" | "dark"} scheme @returns {Uint8Array} 256 x 3 sRGB bytes, zero in the middle */
export function divergingTable(scheme) {
  const name = `diverging ${scheme}`;
  let table = tables.get(name);
  if (!table) {
    table = interpolated(DIVERGING[scheme].map((color) => color.slice(1)).join(""));
    tables.set(name, table);
  }
  return table;
}

/** @param {string} name @returns {Uint8Array} */
function makeTable(name) {
  return interpolated(ANCHORS[name] ?? ANCHORS[DEFAULT_MAP]);
}

/** @param {string} anchors six hexadecimal digits each @returns {Uint8Array} 256 x 3 */
function interpolated(anchors) {
  const n = anchors.length / 6;
  const table = new Uint8Array(256 * 3);
  for (let step = 0; step < 256; step++) {
    const at = (step * (n - 1)) / 255;
    const left = Math.min(Math.floor(at), n - 2);
    for (let channel = 0; channel < 3; channel++) {
      const a = parseInt(anchors.substr(6 * left + 2 * channel, 2), 16);
      const b = parseInt(anchors.substr(6 * left + 6 + 2 * channel, 2), 16);
      table[3 * step + channel] = Math.floor(a + (b - a) * (at - left) + 0.5);
    }
  }
  return table;
}

/**
 * @param {number} n @param {string[] | null | undefined} given published colours
 * @returns {Rgb[]}
 */
export function categoryColors(n, given) {
  if (given && given.length === n) return given.map(rgb);
  return Array.from({ length: n }, (_, i) => {
    const towardsWhite = 1 - 0.5 ** Math.floor(i / CATEGORIES.length);
    const base = rgb(CATEGORIES[i % CATEGORIES.length]);
    return /** @type {Rgb} */ (base.map((v) => Math.floor(v + (255 - v) * towardsWhite + 0.5)));
  });
}
