/**
 * Whether anybody can see this page: a hidden source must not paint.
 *
 * OBS tells a source twice: "visible" when it is shown anywhere, preview included, and "active" when it is on the
 * program. Off the program it sleeps, unless OBS has said that it is visible all the same (studio mode's preview).
 *
 * @param {() => void} appear Called when the page comes into sight.
 * @returns {{seen: () => boolean}}
 */
export function watchSight(appear) {
  /** @type {boolean|null} */ let visible = null;
  /** @type {boolean|null} */ let active = null;
  const seen = () => !document.hidden && visible !== false && (active !== false || visible === true);
  let was = seen();

  const look = () => {
    const is = seen();
    if (is && !was) {
      was = is;
      appear();
    }
    was = is;
  };
  document.addEventListener("visibilitychange", look);
  window.addEventListener("obsSourceVisibleChanged", (event) => {
    visible = event.detail?.visible ?? null;
    look();
  });
  window.addEventListener("obsSourceActiveChanged", (event) => {
    active = event.detail?.active ?? null;
    look();
  });
  return { seen };
}
