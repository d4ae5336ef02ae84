// A form in a frame tells the page around it how high it is, and nothing else: embed.js makes the frame as high.
"use strict";
if (window.parent !== window)
  new ResizeObserver(() => {
    window.parent.postMessage({ leadgenHeight: document.documentElement.offsetHeight }, "*");
  }).observe(document.documentElement);
