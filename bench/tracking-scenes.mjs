// Made-up street scenes with the faults that detectors have: people of all distances, alone and in groups, who walk, turn,
// stop, pass in front of each other and behind pillars, and come and go at the edges and through doors; boxes that jitter,
// miss in bursts, shrink when half hidden, and false ones that stay for a while; a camera that stands, pans, shakes or drives. Everything follows from the seed. Used to choose defaults and to measure speed.

/** A small seeded generator (mulberry32). */
function randomOf(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return { next, normal, between: (a, b) => a + (b - a) * next() };
}

/**
 * One scene: `frames[f]` are detections, `truth` rows of [frame from 1, id, left, top, width, height].
 * @param options seed, objects (about how many are there at a time), fps, seconds, width, height, camera
 * ('still' | 'pan' | 'shake' | 'drive'), noise (jitter as a share of the height), miss (share of misses), falseBoxes (per frame)
 */
export function makeScene(options) {
  const { seed, objects = 10, fps = 25, seconds = 20, width = 1280, height = 720 } = options;
  const { camera = 'still', noise = 0.03, miss = 0.08, falseBoxes = 0.3 } = options;
  const random = randomOf(seed);
  const count = Math.round(seconds * fps);
  const dt = 1 / fps;
  const people = [];
  const ghosts = [];
  const frames = [];
  const truth = [];
  let lastId = 0;
  let cameraX = 0;
  let cameraY = 0;
  let panSpeed = camera === 'pan' ? random.between(20, 90) : 0;

  const pillars = Array.from({ length: 3 }, () => {
    const foot = height * random.between(0.5, 0.95);
    return { x: random.between(0.1, 0.9) * width, w: foot * random.between(0.05, 0.16), foot, y: 0, h: foot };
  });
  const spawnGroup = (anywhere) => {
    const first = spawn(anywhere);
    for (let more = random.next() ** 2 * 2.6; more > 1; more--) {
      const beside = spawn(anywhere);
      const { tall, foot, x, vx, vy } = first;
      Object.assign(beside, {
        tall: tall * random.between(0.9, 1.08),
        foot: foot + random.normal() * 0.04 * tall,
        vx,
        vy,
      });
      beside.x = x + tall * random.between(0.2, 0.45) * (random.next() < 0.5 ? -1 : 1);
    }
  };
  const spawn = (anywhere) => {
    const depth = random.next() ** 1.5;
    const tall = height * (0.08 + 0.45 * depth) * random.between(0.85, 1.15);
    const side = random.next() < 0.5 ? -1 : 1;
    const x = anywhere ? random.between(0, width) : side < 0 ? -tall * 0.2 : width + tall * 0.2;
    const person = {
      id: ++lastId,
      x: x + cameraX,
      foot: height * (0.4 + 0.55 * depth) + random.normal() * 10,
      tall,
      shape: random.between(0.33, 0.48),
      vx: (anywhere ? Math.sign(random.normal()) : -side) * tall * random.between(0.3, 0.9),
      vy: random.normal() * tall * 0.05,
      phase: random.between(0, 6),
      dx: 0,
      dy: 0,
      dw: 0,
      dh: 0,
      missing: 0,
      weak: random.between(0, 0.12),
      // Media time after which some go through a door.
      stay: random.next() < 0.4 ? random.between(2, 15) : Infinity,
    };
    people.push(person);
    return person;
  };
  while (people.length < objects) spawnGroup(true);

  for (let f = 0; f < count; f++) {
    if (camera === 'pan' && random.next() < 0.15 * dt) panSpeed = -panSpeed;
    cameraX += panSpeed * dt;
    let viewX = cameraX;
    let viewY = cameraY;
    if (camera === 'shake') {
      viewX += 5 * Math.sin(f * dt * 9) + random.normal();
      viewY += 4 * Math.sin(f * dt * 13 + 1) + random.normal();
    }
    while (people.length < objects || random.next() < 0.1 * dt) spawnGroup(random.next() < 0.35);

    for (const p of people) {
      if (random.next() < 0.25 * dt) p.vx = -p.vx * random.between(0.3, 1.1);
      if (random.next() < 0.2 * dt) p.vx = random.normal() * p.tall * 0.1;
      if (random.next() < 0.3 * dt) p.vx = Math.sign(p.vx || 1) * p.tall * random.between(0.3, 0.9);
      p.vx += random.normal() * p.tall * 0.15 * Math.sqrt(dt);
      p.x += p.vx * dt;
      p.foot += p.vy * dt;
      p.tall *= 1 + (p.vy * dt) / (height * 0.8);
      p.phase += dt * 6;
      p.stay -= dt;
      if (camera === 'drive') {
        // Coming nearer: everything grows away from the vanishing point.
        const growth = 1 + 0.25 * dt * (p.tall / height);
        p.x = width / 2 + (p.x - width / 2) * growth;
        p.foot = height * 0.4 + (p.foot - height * 0.4) * growth;
        p.tall *= growth;
      }
    }
    for (let i = people.length - 1; i >= 0; i--) {
      const x = people[i].x - viewX;
      if (x < -people[i].tall * 0.4 || x > width + people[i].tall * 0.4 || people[i].stay < 0)
        people.splice(i, 1);
    }

    const boxes = people.map((p) => {
      const w =
        p.tall * p.shape * (1 + 0.22 * Math.sin(p.phase) * Math.min(1, Math.abs(p.vx) / (0.3 * p.tall)));
      return { p, x: p.x - viewX - w / 2, y: p.foot - viewY - p.tall, w, h: p.tall, foot: p.foot };
    });
    for (const { x, y, w, h, foot } of pillars) boxes.push({ x: x - viewX, y, w, h, foot });
    boxes.sort((a, b) => b.foot - a.foot);
    const found = [];
    boxes.forEach((box, i) => {
      const { p } = box;
      if (p === undefined) return;
      const visible = visibleShare(box, boxes.slice(0, i), width, height);
      const inside = Math.min(box.x + box.w, width) - Math.max(box.x, 0);
      if (inside > box.w * 0.3) truth.push([f + 1, p.id, box.x, box.y, box.w, box.h]);
      if (inside < box.w * 0.4) return;
      // Jitter lasts for some frames, as it does in detectors that see nearly the same picture.
      const keep = Math.exp(-dt / 0.12);
      const fresh = Math.sqrt(1 - keep * keep) * noise * (1 + 1.5 * (1 - visible));
      for (const key of ['dx', 'dy', 'dw', 'dh']) p[key] = keep * p[key] + fresh * random.normal();
      p.missing -= dt;
      if (p.missing < 0 && random.next() < ((miss + p.weak * 0.5) * dt) / 0.15)
        p.missing = random.between(0.04, 0.4);
      if (p.missing > 0 || random.next() < miss * 0.3 || random.next() > (visible - 0.25) / 0.3) return;
      const score = Math.min(0.999, 0.97 - p.weak - 0.45 * (1 - visible) - Math.abs(random.normal()) * 0.07);
      if (score < 0.1) return;
      const w = box.w * (1 + p.dw * 1.5);
      const h = box.h * (1 + p.dh);
      const left = Math.max(0, box.x + (box.w - w) / 2 + p.dx * box.h * 0.6);
      const top = Math.max(0, box.y + (box.h - h) / 2 + p.dy * box.h * 0.6);
      const right = Math.min(width, left + w);
      if (right - left < 4) return;
      found.push(detection(left, top, right, Math.min(height, top + h), score));
    });

    if (random.next() < falseBoxes * dt * 4) {
      const tall = height * random.between(0.08, 0.4);
      ghosts.push({
        x: random.between(0, width),
        y: random.between(0, height - tall),
        tall,
        left: random.between(0.05, 0.8),
      });
    }
    for (let i = ghosts.length - 1; i >= 0; i--) {
      const g = ghosts[i];
      g.left -= dt;
      if (g.left < 0) ghosts.splice(i, 1);
      else if (random.next() < 0.7) {
        const score = random.between(0.2, 0.85);
        const jitter = () => random.normal() * 0.04 * g.tall;
        found.push(
          detection(
            g.x + jitter(),
            g.y + jitter(),
            g.x + g.tall * 0.4 + jitter(),
            g.y + g.tall + jitter(),
            score,
          ),
        );
      }
    }
    frames.push(found);
  }
  return { fps, frames, truth, width, height };
}

function detection(x1, y1, x2, y2, confidence) {
  return { box: { x1, y1, x2, y2 }, classId: 0, label: 'person', confidence };
}

/** Share of a box that is in the picture and not covered by boxes nearer to the camera, on a grid of 8 × 8. */
function visibleShare(box, nearer, width, height) {
  let free = 0;
  const over = nearer.filter(
    (o) => o.x < box.x + box.w && o.x + o.w > box.x && o.y < box.y + box.h && o.y + o.h > box.y,
  );
  for (let i = 0; i < 64; i++) {
    const x = box.x + ((i % 8) + 0.5) * (box.w / 8);
    const y = box.y + ((i >> 3) + 0.5) * (box.h / 8);
    if (x < 0 || y < 0 || x > width || y > height) continue;
    if (!over.some((o) => x > o.x && x < o.x + o.w && y > o.y && y < o.y + o.h)) free++;
  }
  return free / 64;
}
