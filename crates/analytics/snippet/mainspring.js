// Mainspring's browser snippet: page views, events, people and companies, in the Segment wire format.
//
//   <script async src="https://YOUR-SERVER/mainspring.js" data-key="WRITE_KEY"></script>
//
// Options, as attributes of the script:
//   data-host      where to send; the origin of the script when absent
//   data-consent   "required": nothing is stored in the browser until mainspring.consent({ analytics: true })
//   data-auto      what is collected without a call: "pages outbound files forms scroll" (all when absent), or "none"
//
// Nothing here identifies a browser by its properties. Form fields are never read.

(function (window, document, location, navigator) {
  var script = document.currentScript || document.querySelector('script[data-key][src*="mainspring"]');
  if (!script || window.mainspring && window.mainspring.version) return;
  var option = function (name) { return script.getAttribute("data-" + name) || ""; };
  var key = option("key");
  var host = (option("host") || new URL(script.src).origin).replace(/\/$/, "");
  var auto = option("auto") || "pages outbound files forms scroll";
  var VISIT_MS = 18e5;
  var QUEUE_MAX = 500;
  var CLICK_IDS = "gclid gbraid wbraid msclkid yclid dclid li_fat_id ttclid twclid rdt_cid ScCid epik qclid irclickid cjevent fbclid igshid".split(" ");
  var FILES = /\.(pdf|docx?|xlsx?|pptx?|csv|txt|rtf|zip|rar|7z|gz|tar|dmg|exe|msi|pkg|apk|mp3|mp4|mov|avi|wav|epub|key|numbers|pages)$/i;
  var gpc = navigator.globalPrivacyControl === true;

  // ── storage: only with consent, and a browser that forbids it is no error ──

  var memory = {};
  var choice = null;
  var storing = function () { return option("consent") !== "required" || !!(choice && choice.analytics); };
  var store = function (area, name, value) {
    name = "ms_" + name;
    if (value !== undefined) memory[name] = value;
    try {
      var box = window[area + "Storage"];
      if (value === null) box.removeItem(name);
      else if (value !== undefined && storing()) box.setItem(name, JSON.stringify(value));
      else if (value === undefined && memory[name] === undefined && storing()) memory[name] = JSON.parse(box.getItem(name));
    } catch (_) { /* forbidden or full: the memory of this page must do */ }
    return memory[name];
  };
  try { choice = JSON.parse(window.localStorage.getItem("ms_consent")); } catch (_) { /* no choice yet */ }

  var random = function () {
    var bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, function (byte) { return (byte + 256).toString(16).slice(1); }).join("");
  };

  // The id is also a cookie of the whole site, so that www.example.com and app.example.com are one visitor.
  var cookie = function (value) {
    if (value === undefined) return (document.cookie.match(/(?:^|; )ms_id=([\w-]+)/) || [])[1];
    var parts = location.hostname.split(".");
    for (var size = 1; size <= parts.length; size++) {
      var domain = size === parts.length ? "" : ";domain=" + parts.slice(-size).join(".");
      document.cookie = "ms_id=" + value + ";path=/;samesite=lax" + domain +
        (location.protocol === "https:" ? ";secure" : "") + ";max-age=" + (value ? 31536e3 : 0);
      if (value && cookie() === value) return;
    }
  };
  var anonymous = function () {
    var id = (storing() && cookie()) || store("local", "id");
    if (!id) id = random();
    if (storing() && cookie() !== id) cookie(id);
    if (store("local", "id") !== id) store("local", "id", id);
    return id;
  };

  // ── where the visitor came from: the marks of the landing, kept for the visit ──

  var campaign = function () {
    var found = {};
    var some = false;
    new URLSearchParams(location.search).forEach(function (value, name) {
      var mark = /^utm_(source|medium|campaign|content|term|id)$/i.exec(name);
      var known = mark ? mark[1].toLowerCase() : CLICK_IDS.find(function (id) { return id.toLowerCase() === name.toLowerCase(); });
      if (!known || !value) return;
      found[known === "campaign" ? "name" : known] = value.slice(0, 500);
      some = true;
    });
    var last = store("session", "visit");
    var now = Date.now();
    var outside = document.referrer && new URL(document.referrer).host !== location.host && !pages;
    if (!some) found = last && now - last.t < VISIT_MS && !outside ? last.c : {};
    // Who objects to advertising (GPC) is not followed by click ids beyond the page they came in on.
    var kept = found;
    if (gpc) {
      kept = {};
      Object.keys(found).forEach(function (name) { if (CLICK_IDS.indexOf(name) < 0) kept[name] = found[name]; });
    }
    store("session", "visit", { c: kept, t: now });
    return found;
  };

  // ── messages ──

  var pages = 0;
  var before = document.referrer;
  var context = function () {
    var canonical = document.querySelector("link[rel=canonical]");
    var consent = { categoryPreferences: choice || {}, gpc: gpc };
    if (gpc) consent.categoryPreferences = Object.assign({}, choice, { advertising: false });
    var zone;
    try { zone = Intl.DateTimeFormat().resolvedOptions().timeZone; } catch (_) { /* an old browser */ }
    return {
      library: { name: "mainspring.js", version: "1" },
      page: {
        url: location.href, path: location.pathname, search: location.search, title: document.title, referrer: before,
        canonical: canonical ? canonical.href : undefined
      },
      campaign: campaign(),
      userAgent: navigator.userAgent,
      locale: navigator.language,
      timezone: zone,
      screen: { width: screen.width, height: screen.height, density: window.devicePixelRatio },
      consent: consent,
      automated: navigator.webdriver === true || undefined
    };
  };
  var call = function (type, fields) {
    var user = store("local", "user") || {};
    enqueue(Object.assign({
      type: type, messageId: "ms-" + random(), timestamp: new Date().toISOString(),
      anonymousId: anonymous(), userId: user.id, context: context()
    }, fields));
  };
  var page = function (name, properties) {
    if (typeof name === "object") { properties = name; name = undefined; }
    scrolled = false;
    call("page", { name: name, properties: properties || {} });
    pages++;
  };
  var track = function (event, properties) { call("track", { event: event, properties: properties || {} }); };
  var identify = function (id, traits) {
    if (typeof id === "object") { traits = id; id = undefined; }
    var user = store("local", "user") || {};
    // Another user id is another person: the traits of the last one are not theirs.
    if (id && user.id && user.id !== String(id)) user = {};
    if (id) user.id = String(id);
    user.traits = Object.assign({}, user.traits, traits);
    store("local", "user", user);
    call("identify", { userId: user.id, traits: user.traits });
  };
  var group = function (id, traits) { call("group", { groupId: String(id), traits: traits || {} }); };
  var reset = function () {
    store("local", "user", null);
    store("local", "id", null);
    store("session", "visit", null);
    cookie("");
    memory = {};
  };
  var consent = function (categories) {
    choice = Object.assign({}, choice, categories);
    var id = memory.ms_id;
    if (storing()) {
      if (id) { cookie(id); store("local", "id", id); }
      if (memory.ms_user) store("local", "user", memory.ms_user);
      // The choice itself is remembered, so that nobody is asked twice.
      store("local", "consent", choice);
      save();
    } else {
      ["id", "user", "visit"].forEach(function (name) {
        try { localStorage.removeItem("ms_" + name); sessionStorage.removeItem("ms_" + name); } catch (_) { /* nothing there */ }
      });
      try { localStorage.setItem("ms_consent", JSON.stringify(choice)); } catch (_) { /* asked again next time */ }
      cookie("");
    }
    track("Consent given", choice);
  };

  // ── delivery: in batches, kept until the server has them, also over a reload ──

  var tab = "queue_" + random().slice(0, 8);
  var queue = [];
  var sending = false;
  var attempt = 0;
  var timer;
  var save = function () { store("local", tab, queue.length ? { t: Date.now(), q: queue } : null); };
  var later = function (ms) { clearTimeout(timer); timer = setTimeout(flush, ms); };
  var enqueue = function (message) {
    queue.push(message);
    if (queue.length > QUEUE_MAX) queue.shift();
    save();
    if (!attempt) later(queue.length < 20 ? 100 : 0);
  };
  var pack = function (bytes) {
    var batch = [];
    for (var size = 0; batch.length < queue.length && batch.length < 50; ) {
      size += JSON.stringify(queue[batch.length]).length * 1.1;
      if (batch.length && size > bytes) break;
      batch.push(queue[batch.length]);
    }
    return batch;
  };
  var bodyOf = function (batch) {
    return JSON.stringify({ batch: batch, writeKey: key, sentAt: new Date().toISOString() });
  };
  var done = function (batch) {
    queue = queue.filter(function (message) { return batch.indexOf(message) < 0; });
    save();
  };
  var flush = function () {
    if (sending || !queue.length) return;
    var batch = pack(3e5);
    sending = true;
    // text/plain needs no preflight; the server looks at the body, not at the label.
    fetch(host + "/v1/batch", { method: "POST", body: bodyOf(batch), headers: { "Content-Type": "text/plain" }, credentials: "omit" })
      .then(function (response) {
        var status = response.status;
        if (status < 400 || (status < 500 && status !== 408 && status !== 429)) return done(batch), attempt = 0, 0;
        attempt++;
        return +response.headers.get("Retry-After") * 1e3 || 1;
      }, function () { attempt++; return 1; })
      .then(function (wait) {
        sending = false;
        if (!queue.length) return;
        var backoff = Math.min(3e5, 1e3 * Math.pow(2, attempt - 1)) * (0.75 + Math.random() / 2);
        later(wait ? Math.max(wait, backoff) : 0);
      });
  };
  var leave = function () {
    while (queue.length && navigator.sendBeacon) {
      var batch = pack(5e4);
      if (!navigator.sendBeacon(host + "/v1/batch", new Blob([bodyOf(batch)], { type: "text/plain" }))) break;
      done(batch);
    }
  };
  // What other pages of this browser could not deliver. One that is still open may send the same: ids make it one.
  var adopt = function () {
    try {
      Object.keys(localStorage).forEach(function (name) {
        if (name.indexOf("ms_queue_") || name === "ms_" + tab) return;
        var left = JSON.parse(localStorage.getItem(name));
        if (Date.now() - left.t < 5e3) return;
        queue = left.q.concat(queue).slice(-QUEUE_MAX);
        localStorage.removeItem(name);
      });
    } catch (_) { /* nothing to adopt */ }
    if (queue.length) { save(); later(100); }
  };

  // ── what is collected without a call ──

  var scrolled = false;
  var wants = function (what) { return auto.indexOf(what) >= 0; };
  var on = function (target, event, act) { target.addEventListener(event, act, { capture: true, passive: true }); };
  var here = location.pathname + location.search;
  var from = location.href;
  var moved = function () {
    // The router sets the title after the address.
    setTimeout(function () {
      if (location.pathname + location.search === here) return;
      here = location.pathname + location.search;
      before = from;
      from = location.href;
      page();
    }, 0);
  };
  if (wants("pages")) {
    ["pushState", "replaceState"].forEach(function (name) {
      var original = history[name];
      history[name] = function () {
        var result = original.apply(this, arguments);
        moved();
        return result;
      };
    });
    on(window, "popstate", moved);
  }
  on(document, "click", function (event) {
    var link = event.target.closest && event.target.closest("a[href]");
    if (!link || !/^http/.test(link.protocol)) return;
    var file = FILES.exec(link.pathname);
    if (file && wants("files")) track("File downloaded", { url: link.href, extension: file[1].toLowerCase(), text: link.textContent.trim().slice(0, 100) });
    else if (link.host !== location.host && wants("outbound")) track("Outbound link clicked", { url: link.href, host: link.host, text: link.textContent.trim().slice(0, 100) });
  });
  on(document, "submit", function (event) {
    var form = event.target;
    if (wants("forms")) track("Form submitted", { form_id: form.id, form_name: form.getAttribute("name") || "", action: form.action && String(form.action) });
  });
  on(window, "scroll", function () {
    var all = document.documentElement.scrollHeight;
    if (scrolled || !wants("scroll") || window.scrollY + window.innerHeight < all * 0.9) return;
    scrolled = true;
    track("Scrolled", { percent: 90 });
  });
  on(document, "visibilitychange", function () { if (document.visibilityState === "hidden") leave(); });
  on(window, "pagehide", leave);
  on(window, "online", function () { attempt = 0; later(0); });

  var calls = { page: page, track: track, identify: identify, group: group, reset: reset, consent: consent, flush: flush };
  var waiting = Array.isArray(window.mainspring) ? window.mainspring : [];
  window.mainspring = Object.assign({ version: 1, push: function (entry) { calls[entry[0]].apply(null, entry.slice(1)); } }, calls);
  adopt();
  if (wants("pages")) page();
  waiting.forEach(window.mainspring.push);
})(window, document, location, navigator);
