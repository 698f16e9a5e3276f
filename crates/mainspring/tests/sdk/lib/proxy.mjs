// A network that fails: a proxy that refuses, delays, cuts, or answers in the server's place.
import http from "node:http";

/** What a request meets, in turn; then it passes. `lost` reaches the server, and its answer is cut off. */
export const FAULTS = ["429", "500", "slow", "reset", "lost", "503"];

const CORS = { "access-control-allow-origin": "*", "access-control-expose-headers": "Retry-After" };

export function startProxy(target, faults = []) {
  const waiting = [...faults];
  const met = [];
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("error", () => {});
    request.on("end", () => {
      // Only deliveries meet faults: what a browser asks before it sends is not retried by its SDK.
      const fault = request.method === "POST" ? waiting.shift() : undefined;
      if (fault) met.push(fault);
      const body = Buffer.concat(chunks);
      if (fault === "429" || fault === "503") {
        response.writeHead(Number(fault), { ...CORS, "retry-after": "1" }).end("{}");
      } else if (fault === "500") {
        response.writeHead(500, CORS).end("broken");
      } else if (fault === "reset") {
        request.socket.resetAndDestroy();
      } else {
        setTimeout(() => pass(target, request, body, response, fault === "lost"), fault === "slow" ? 1500 : 0);
      }
    });
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve({
        url: `http://127.0.0.1:${server.address().port}`,
        met,
        left: () => waiting.length,
        stop: () => new Promise((done) => { server.closeAllConnections(); server.close(done); }),
      });
    });
  });
}

function pass(target, request, body, response, lost) {
  const headers = { ...request.headers, "content-length": body.length };
  delete headers["transfer-encoding"];
  const onward = http.request(target + request.url, { method: request.method, headers, agent: false }, (answer) => {
    const chunks = [];
    answer.on("data", (chunk) => chunks.push(chunk));
    answer.on("end", () => {
      if (lost) return request.socket.resetAndDestroy();
      response.writeHead(answer.statusCode, answer.headers);
      response.end(Buffer.concat(chunks));
    });
  });
  onward.on("error", () => request.socket.destroy());
  onward.end(body);
}
