// Hair from a picture with soft edges, in the person's own colour. Drawn twice: what is solid, then the edges blended.
in vec3 at;
in vec3 facing;
in vec3 strand;
in vec2 spot;
in float depth;
uniform sampler2D hair_picture;
uniform int edges;
out vec4 colour;

void main() {
    vec4 texel = texture(hair_picture, spot, -0.5);
    float a = clamp((texel.a - 0.08) * 1.15, 0.0, 1.0);
    if (edges == 0 ? a < 0.72 : (a < 0.03 || a >= 0.72)) discard;
    vec3 n = normalize(facing), t = normalize(strand), view = normalize(viewer.xyz - at);
    if (dot(n, view) < 0.0) n = normalize(n - 1.6 * dot(n, view) * view);
    float level = luminance(texel.rgb * texel.rgb) / hair_look.x;
    vec3 c = hair.rgb * clamp(pow(level + 0.02, 0.8), 0.12, 2.6);
    c = mix(c, c * hair_tip.rgb / (hair.rgb + 0.02), 0.25 * smoothstep(0.6, 1.6, level));
    float open = mix(0.30, 1.0, depth);
    float see = reached(at, n, 0.03) * mix(0.45, 1.0, depth);
    float down = dot(t, key_way.xyz), across = sqrt(max(1.0 - down * down, 0.0));
    float th = dot(t, normalize(key_way.xyz + view)) + 0.25 * (level - 1.0) * 0.3;
    float narrow = pow(sqrt(max(1.0 - th * th, 0.0)), 70.0);
    float wide = pow(sqrt(max(1.0 - (th + 0.2) * (th + 0.2), 0.0)), 18.0);
    float turned_ = clamp(0.35 + 0.75 * dot(n, key_way.xyz), 0.0, 1.0);
    vec3 sum = c * sent(n) * open * 1.05;
    sum += c * key_light.rgb * see * turned_ * (0.75 * across + 0.8 * wide);
    sum += key_light.rgb * see * turned_ * narrow * 0.03 * level + sent(reflect(-view, n)) * 0.014 * open * level;
    colour = vec4(developed(sum), edges == 0 ? 1.0 : a / 0.72);
}
