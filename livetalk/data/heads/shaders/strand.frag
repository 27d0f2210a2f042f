// Hair: strands cut out of a card by sample coverage. Glasses: as lit.
in vec2 where;
in vec3 diffuse;
in vec3 gleam;
flat in vec4 sort;
out vec4 colour;

void main() {
    // Two sets of stripes along the card that wander a little.
    float u = where.x + 0.05 * sin(where.y * 7.0 + sort.y * 40.0);
    float fine = 0.5 + 0.5 * sin(u * 21.0 + sort.y * 571.0) * sin(u * 8.7 + sort.y * 91.0);
    float finer = 0.5 + 0.5 * sin(u * 47.0 + sort.y * 333.0 + 2.0 * where.y);
    float edge = smoothstep(0.0, 0.22, min(where.x, 1.0 - where.x));
    float alpha = edge * ((0.55 + 0.75 * fine) * smoothstep(1.0, 0.72, where.y + 0.35 * (finer - 0.5)) + 0.25 * step(where.y, 0.6));
    int cover = sort.x > 0.5 ? 4 : int(clamp(alpha, 0.0, 1.0) * 4.0 + 0.35 + 0.3 * finer);
    if (cover < 1) discard;
    gl_SampleMask[0] = cover > 3 ? 15 : cover > 2 ? 11 : cover > 1 ? 9 : 8;
    float stripe = sort.x > 0.5 ? 1.0 : 0.55 + 0.6 * fine + 0.25 * finer;
    colour = vec4(shown(diffuse * stripe + gleam * (sort.x > 0.5 ? 1.0 : 0.4 + fine)), 1);
}
