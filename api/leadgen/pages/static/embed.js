// Shows the form of a source in the page of whoever includes this: <script src="https://…/forms/SOURCE_KEY/embed.js" async>.
// The frame stands where the script does, is as high as its form, and hands on where the visitor comes from.
"use strict";
(() => {
  const script = document.currentScript; // <img name="currentScript"> in the words of a visitor would stand for it
  if (!(script instanceof HTMLScriptElement)) return;
  const form = new URL(script.src);
  form.pathname = form.pathname.replace(/\/embed\.js$/, "");
  const here = new URLSearchParams(location.search);
  for (const name of ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "gclid", "fbclid", "click_id", "sub_id"])
    if (here.has(name) && !form.searchParams.has(name)) form.searchParams.set(name, here.get(name));
  form.searchParams.set("landing_url", location.href.split("#")[0].slice(0, 1200)); // a longer URL is refused; tokens come after #
  if (document.referrer) form.searchParams.set("referrer", document.referrer.slice(0, 1200));

  const frame = document.createElement("iframe");
  frame.src = form;
  frame.title = script.dataset.title || "Form";
  frame.style.cssText = "width: 100%; height: 900px; border: 0";
  addEventListener("message", (event) => {
    const height = event.data?.leadgenHeight;
    if (event.source === frame.contentWindow && event.origin === form.origin && height > 0 && height < 20000)
      frame.style.height = `${height}px`;
  });
  script.after(frame);
})();
