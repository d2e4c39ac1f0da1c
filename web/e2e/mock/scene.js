// A small drawn kitchen, as SVG: what the mock's clip and keyframes show at a time.

/** @param {number} t @param {number} from @param {number} to */
function between(t, from, to) {
  return Math.max(0, Math.min(1, (t - from) / (to - from)));
}

/** @param {number} t seconds on the session clock */
export function scene(t) {
  const person = between(t, 11, 14) - between(t, 40, 43);
  const cat = between(t, 29, 33) - between(t, 46, 50);
  const steam = t > 21 && t < 38;
  const note = t > 6;
  const dusk = between(t, 30, 60);
  const sky = `hsl(${205 + 15 * dusk} 62% ${82 - 34 * dusk}%)`;
  const puff = (t * 14) % 24;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 270" width="480" height="270">
  <rect width="480" height="270" fill="hsl(38 42% ${88 - 16 * dusk}%)"/>
  <rect x="40" y="32" width="132" height="104" rx="4" fill="#fff"/>
  <rect x="47" y="39" width="118" height="90" fill="${sky}"/>
  <circle cx="${70 + 70 * between(t, 0, 60)}" cy="${58 + 40 * dusk}" r="12" fill="#ffd36a"/>
  <path d="M47 129v-24c24-20 40-4 58-14s36-10 60 8v30z" fill="hsl(140 28% ${52 - 20 * dusk}%)"/>
  <path d="M106 39v90M47 84h118" stroke="#fff" stroke-width="4"/>
  <rect x="210" y="36" width="226" height="10" rx="3" fill="#9c6b42"/>
  <rect x="222" y="14" width="16" height="22" rx="3" fill="#c65a44"/>
  <rect x="244" y="8" width="14" height="28" rx="3" fill="#e2b04a"/>
  <rect x="264" y="18" width="20" height="18" rx="3" fill="#5b8a85"/>
  <ellipse cx="400" cy="30" rx="20" ry="6" fill="#f4f1ea"/>
  ${
    note
      ? `<g transform="rotate(-2 262 92)"><rect x="220" y="66" width="86" height="54" fill="#fff7c9"/>
  <text x="263" y="89" font-family="sans-serif" font-size="15" font-weight="700" text-anchor="middle" fill="#31302c">BACK AT</text>
  <text x="263" y="109" font-family="sans-serif" font-size="18" font-weight="700" text-anchor="middle" fill="#b3261e">5 PM</text></g>`
      : ""
  }
  <g transform="translate(${520 - 175 * person} 70)">
    <circle cx="22" cy="20" r="19" fill="#8a5a3c"/><path d="M4 16a19 19 0 0 1 36-4c-12 4-24 4-36 4z" fill="#2d2420"/>
    <path d="M-14 130V74c0-20 16-30 36-30s36 10 36 30v56z" fill="#2f6f8f"/>
    <path d="M-10 84l-34 ${26 + 4 * Math.sin(t * 2)} 6 9 34-16z" fill="#8a5a3c"/>
  </g>
  <rect y="184" width="480" height="14" fill="#b98555"/>
  <rect y="198" width="480" height="72" fill="#6f8f8a"/>
  <path d="M120 198v72M240 198v72M360 198v72" stroke="#5a7873" stroke-width="3"/>
  <g><path d="M128 184v-26c0-14 44-14 44 0v26z" fill="#cfd5d6"/><path d="M172 162l16-8v6l-16 12z" fill="#b8c0c2"/>
  <path d="M132 152c0-22 36-22 36 0" fill="none" stroke="#3a3f41" stroke-width="5"/></g>
  ${
    steam
      ? `<g fill="#fff" opacity=".75"><circle cx="${192 + puff / 3}" cy="${150 - puff}" r="${4 + puff / 5}"/><circle cx="196" cy="${146 - puff / 2}" r="5"/></g>`
      : ""
  }
  <path d="M228 184v-20h26v20zM254 168h8v10h-8" fill="#e6694f" stroke="#e6694f" stroke-width="2"/>
  <g transform="translate(${-70 + 120 * cat} 138)">
    <ellipse cx="30" cy="32" rx="30" ry="15" fill="#4a4440"/><circle cx="60" cy="18" r="13" fill="#4a4440"/>
    <path d="M50 10l2-14 9 9zM63 7l10-9 0 14z" fill="#4a4440"/><path d="M2 30c-14-6-12-26-4-32" fill="none" stroke="#4a4440" stroke-width="6" stroke-linecap="round"/>
    <circle cx="64" cy="16" r="2" fill="#ffe08a"/>
  </g>
</svg>`;
}
