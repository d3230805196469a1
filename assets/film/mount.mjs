/** Putting the animation into a page: one player for each `div.atlas-film`, by what it is of. */

import { FilmPlayer } from "./player.mjs";

// A page that draws its parts anew takes a host away and brings another; the player moves there,
// so that nothing is loaded twice. Without another it ends.
const KEPT_MS = 1500;

/** @type {Map<string, FilmPlayer>} */
const players = new Map();

/** Mount or update one host after its attributes changed.
 * @param {HTMLElement} host */
export function followFilm(host) {
  const { base, digest, film } = host.dataset;
  const stages = JSON.parse(film ?? "{}").stages ?? [];
  const of = [base, digest, ...stages.map((/** @type {any} */ stage) => stage.name)].join(" ");
  if (host.atlasFilm && host.atlasMounted !== of) end(host.atlasFilm);
  host.atlasMounted = of;
  const known = players.get(of);
  if (known && !known.host.isConnected) known.move(host);
  if (host.atlasFilm) host.atlasFilm.follow();
  else if (stages.length > 1) players.set(of, (host.atlasFilm = new FilmPlayer(host)));
}

/** The host was taken away.
 * @param {HTMLElement} host */
export function leaveFilm(host) {
  const player = host.atlasFilm;
  if (!player) return;
  setTimeout(() => player.host.isConnected || end(player), KEPT_MS);
}

/** @param {FilmPlayer} player */
function end(player) {
  player.destroy();
  for (const [of, known] of players) if (known === player) players.delete(of);
}
