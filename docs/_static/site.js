// Frames tell how high they are, and are told whether the page is dark. Messages, because files are kept apart.
(() => {
  const dark = () => document.documentElement.dataset.theme === "dark";
  const frames = () => [...document.querySelectorAll("iframe.mqsim-frame")];
  const tell = (frame) => frame.contentWindow && frame.contentWindow.postMessage({ dark: dark() }, "*");
  addEventListener("message", (event) => {
    const height = event.data && event.data.mqsimHeight;
    if (!height) return;
    const frame = frames().find((one) => one.contentWindow === event.source);
    if (!frame) return;
    frame.style.height = `${height}px`;
    tell(frame);
  });
  new MutationObserver(() => frames().forEach(tell)).observe(document.documentElement, { attributeFilter: ["data-theme"] });
})();
