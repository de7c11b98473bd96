// The button that opens how the page looks and sounds, and its switches; see static/view.js.
export default {
  template: `
    <div class="view" @keydown.esc="close">
      <button ref="opener" type="button" class="view-open" :aria-expanded="String(open)"
        :aria-label="texts.title" aria-controls="view-switches" @click="open = !open">
        <svg aria-hidden="true"><use href="/static/icons.svg#view"></use></svg>
        <span class="view-title">{{ texts.title }}</span>
      </button>
      <div v-show="open" id="view-switches" class="view-switches" role="group"
        :aria-label="texts.title">
        <button v-for="name in names" :key="name" type="button" class="view-switch"
          :aria-pressed="String(on[name])" @click="toggle(name)">
          {{ texts[name] }}
        </button>
        <p v-if="on.spoken && mute" class="view-mute" role="status">{{ texts.mute }}</p>
      </div>
    </div>
  `,
  props: { texts: Object, names: Array },
  data: () => ({ open: false, on: {}, mute: false }),
  mounted() {
    this.look();
    addEventListener("smartscale-view", this.look);
    window.speechSynthesis?.addEventListener?.("voiceschanged", this.look);
    document.addEventListener("pointerdown", this.leave);
  },
  unmounted() {
    removeEventListener("smartscale-view", this.look);
    window.speechSynthesis?.removeEventListener?.("voiceschanged", this.look);
    document.removeEventListener("pointerdown", this.leave);
  },
  methods: {
    look() {
      this.mute = !smartscale.voice();
      this.on = Object.fromEntries(this.names.map((name) => [name, smartscale.has(name)]));
    },
    toggle(name) {
      smartscale.toggle(name);
    },
    close() {
      if (!this.open) return;
      this.open = false;
      this.$refs.opener.focus();
    },
    leave(event) {
      if (!this.$el.contains(event.target)) this.open = false;
    },
  },
};
