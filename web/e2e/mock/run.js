// Serves the mock: `npm run mock`, then open the address it prints.
import { mockServer } from "./server.js";

const port = Number(process.env.PORT ?? 8080);
mockServer().listen(port, "127.0.0.1", () => {
  console.log(`mock of omnilive serve on http://127.0.0.1:${port}`);
});
