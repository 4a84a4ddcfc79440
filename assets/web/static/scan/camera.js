// @ts-check
/** The live camera: starts, reads frame after frame until told to stop, lights the torch where there is one. */
import { reader } from "./reader.js";
import { word } from "./words.js";

const PAUSE_MS = 80;

/** @typedef {"denied" | "none" | "reader"} CameraProblem */

/** @param {CameraProblem} problem */
export function cameraWords(problem) {
  return word(problem === "denied" ? "camera_denied" : problem === "none" ? "camera_none" : "reader_broken");
}

export class Camera {
  /**
   * @param {HTMLVideoElement} video
   * @param {(text: string) => void} found called for each text that is read
   * @param {boolean} [every] any barcode, not our labels alone
   */
  constructor(video, found, every = false) {
    this.video = video;
    this.every = every;
    this.found = found;
    /** @type {MediaStream | null} */
    this.stream = null;
    this.run = 0;
  }

  /** @returns {Promise<CameraProblem | null>} what stands in the way, or null when it films */
  async start() {
    this.stop();
    const run = this.run;
    if (!navigator.mediaDevices?.getUserMedia) return "none";
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } },
      });
      if (run !== this.run) {
        for (const track of stream.getTracks()) track.stop();
        return null;
      }
      this.stream = stream;
      this.video.srcObject = stream;
      await this.video.play();
    } catch (error) {
      return error instanceof DOMException && error.name === "NotAllowedError" ? "denied" : "none";
    }
    try {
      const reads = await reader(this.every);
      void this.loop(run, reads);
    } catch {
      return "reader";
    }
    return null;
  }

  /**
   * @param {number} run
   * @param {import("./reader.js").Reader} reads
   */
  async loop(run, reads) {
    while (run === this.run) {
      /** @type {string | null} */
      let text = null;
      try {
        text = await reads.read(this.video);
      } catch {
        // A frame that could not be taken, say while the phone turns.
      }
      if (run !== this.run) return;
      if (text) this.found(text);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  stop() {
    this.run += 1;
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
  }

  /** @returns {MediaStreamTrack | undefined} the track, if it has a torch */
  torch() {
    const track = this.stream?.getVideoTracks()[0];
    const abilities = /** @type {{torch?: boolean}} */ (track?.getCapabilities?.() ?? {});
    return abilities.torch ? track : undefined;
  }

  /** @param {boolean} on */
  async light(on) {
    await this.torch()?.applyConstraints({ advanced: [/** @type {MediaTrackConstraintSet} */ ({ torch: on })] });
  }
}
