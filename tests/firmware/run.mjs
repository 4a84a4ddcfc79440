// Runs one scenario of tests/firmware/scenarios under MicroPython: node run.mjs ROOT MODULE EXPRESSION
import { readdirSync, readFileSync } from "node:fs";
import { loadMicroPython } from "./vendor/micropython-webassembly-1.27.0/micropython.mjs";

const [root, module, expression] = process.argv.slice(2);
const micropython = await loadMicroPython({
  heapsize: 32 * 1024 * 1024,
  linebuffer: true,
  stdout: (line) => console.log(line),
});
for (const folder of ["firmware_stubs", "firmware_stubs/tracker", "firmware_stubs/board_esp32_sim7600", "tests/firmware/scenarios"]) {
  micropython.FS.mkdirTree(`/lib/${folder}`);
  for (const file of readdirSync(`${root}/${folder}`)) {
    if (file.endsWith(".py")) micropython.FS.writeFile(`/lib/${folder}/${file}`, readFileSync(`${root}/${folder}/${file}`));
  }
}
try {
  micropython.runPython(`
import sys
sys.path.append("/lib")
import tests.firmware.scenarios.${module} as scenario
${expression}
`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
