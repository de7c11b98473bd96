// The browser's camera. A capture is shrunk here and handed to the page's uploader, so that it
// takes the same way as a chosen file and never travels larger than it needs.
const REFUSALS = {
  NotAllowedError: "denied",
  NotReadableError: "busy",
  AbortError: "busy",
};

export default {
  template: `
    <div class="camera" :class="'camera-' + state">
      <video ref="video" playsinline muted autoplay :aria-label="texts.view"></video>
      <div v-if="state !== 'live'" class="camera-note">
        <svg aria-hidden="true"><use href="/static/icons.svg#camera"></use></svg>
        <p role="status">{{ texts[state] }}</p>
        <button v-if="state !== 'starting'" type="button" class="camera-start" @click="start">
          {{ state === "off" ? texts.start : texts.again }}
        </button>
      </div>
      <button v-else type="button" class="shutter" @click="capture">
        <span class="shutter-ring" aria-hidden="true"></span>{{ texts.capture }}
      </button>
    </div>
  `,
  props: { texts: Object, uploader: Number, longest: Number },
  emits: ["state"],
  data: () => ({ state: "off" }),
  watch: {
    state() {
      // Until the page is connected events wait, and one may overtake another. The data are read
      // when it leaves, so that the last to arrive says what is so.
      this.$emit("state", this.$data);
    },
  },
  async mounted() {
    if (!window.isSecureContext) return this.start(); // which says what is missing, without a tap
    navigator.mediaDevices?.addEventListener("devicechange", this.replugged);
    // Somebody who allowed the camera before is not asked to tap again; nobody is asked unasked.
    try {
      const permission = await navigator.permissions.query({ name: "camera" });
      if (permission.state === "granted") await this.start();
    } catch {
      // A browser that cannot tell: the button is there.
    }
  },
  unmounted() {
    navigator.mediaDevices?.removeEventListener("devicechange", this.replugged);
    this.stop();
  },
  methods: {
    async start() {
      if (!navigator.mediaDevices) {
        // Browsers hide all cameras from pages that did not come by https.
        this.state = window.isSecureContext ? "missing" : "insecure";
        return;
      }
      this.state = "starting";
      try {
        this.stream = await navigator.mediaDevices.getUserMedia({
          video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 960 } },
        });
      } catch (error) {
        this.state = REFUSALS[error.name] ?? "missing";
        return;
      }
      const [track] = this.stream.getVideoTracks();
      track.addEventListener("ended", () => {
        this.state = "unplugged";
      });
      const video = this.$refs.video;
      if (!video) return this.stop(); // drawn anew meanwhile
      video.srcObject = this.stream;
      await new Promise((seen) => video.addEventListener("loadeddata", seen, { once: true }));
      this.state = "live";
    },
    async replugged() {
      if (this.state === "unplugged") await this.start();
    },
    stop() {
      this.stream?.getTracks().forEach((track) => track.stop());
    },
    capture() {
      const video = this.$refs.video;
      if (!video.videoWidth) return;
      const scale = Math.min(1, this.longest / Math.max(video.videoWidth, video.videoHeight));
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(video.videoWidth * scale);
      canvas.height = Math.round(video.videoHeight * scale);
      canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(
        (blob) => {
          const picture = new File([blob], "camera.jpg", { type: "image/jpeg" });
          getElement(this.uploader).$refs.qRef.addFiles([picture]);
        },
        "image/jpeg",
        0.9,
      );
    },
  },
};
