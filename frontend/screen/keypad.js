// Keys that type into a field of the page; see keypad.py. A press on one leaves the field focused.
const phone = matchMedia("(max-width: 699px)");
export default {
  template: `
    <div class="keypad">
      <div class="keypad-kinds" role="group" :aria-label="texts.keys">
        <button v-for="kind in ['letters', 'digits']" :key="kind" type="button" class="keypad-kind"
          :aria-pressed="String(shown === kind)" @pointerdown.prevent
          @click="shown = shown === kind ? '' : kind">
          {{ kind === 'letters' ? letters[0].slice(0, 3).toLocaleUpperCase() : '123' }}
          <span class="sr-only">{{ texts[kind] }}</span>
        </button>
      </div>
      <div v-if="shown" class="keypad-keys" :class="'keypad-' + shown" @pointerdown.prevent>
        <div v-for="(row, at) in rows" :key="at" class="keypad-row" dir="ltr">
          <button v-for="key in row" :key="key" type="button" class="key" @click="type(key)">
            {{ key }}
          </button>
          <button v-if="at === rows.length - 1" type="button" class="key key-wide key-delete"
            :aria-label="texts.delete" @click="remove">⌫</button>
        </div>
        <div class="keypad-row" dir="ltr">
          <button v-if="shown === 'letters'" type="button" class="key key-space" @click="type(' ')">
            {{ texts.space }}
          </button>
          <button type="button" class="key key-wide key-done" @click="done">{{ texts.enter }}</button>
        </div>
      </div>
    </div>
  `,
  props: { field: Number, letters: Array, digits: Array, first: String, texts: Object },
  data() {
    return { shown: this.first, narrow: phone.matches };
  },
  computed: {
    rows() {
      const rows = this[this.shown].map((row) => [...row]);
      if (!this.narrow || this.shown !== "letters") return rows;
      // Ten keys beside each other are too small for a thumb: as many as fit, in the alphabet's order.
      const { lang } = document.documentElement;
      return [rows.flat().sort((one, other) => one.localeCompare(other, lang))];
    },
  },
  mounted() {
    document.addEventListener("pointerdown", this.open);
    phone.addEventListener("change", this.fit);
  },
  unmounted() {
    document.removeEventListener("pointerdown", this.open);
    phone.removeEventListener("change", this.fit);
  },
  methods: {
    fit() {
      this.narrow = phone.matches;
    },
    input() {
      const there = document.getElementById(`c${this.field}`);
      return there?.matches("input") ? there : there?.querySelector("input");
    },
    open(event) {
      // Who comes to the field by a keyboard has one; a finger or a mouse may not.
      if (!this.shown && event.target === this.input()) this.shown = "letters";
    },
    write(text) {
      const input = this.input();
      input.value = text;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    },
    type(key) {
      this.write(this.input().value + key);
    },
    remove() {
      this.write([...this.input().value].slice(0, -1).join(""));
    },
    done() {
      const enter = { key: "Enter", code: "Enter", bubbles: true };
      this.input().dispatchEvent(new KeyboardEvent("keydown", enter));
      if (!this.first) this.shown = "";
    },
  },
};
