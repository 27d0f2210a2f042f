// Cloth from a picture, dyed, lit like skin but matt.
in vec3 at;
in vec3 facing;
in vec2 spot;
uniform sampler2D cloth_picture;
uniform vec4 dye;      // gain; w: how far the picture's own colour is taken out
out vec4 colour;

void main() {
    vec3 n = normalize(facing), view = normalize(viewer.xyz - at);
    if (!gl_FrontFacing) n = -n;
    vec4 texel = texture(cloth_picture, spot);
    if (texel.a < 0.5) discard;
    vec3 c = texel.rgb * texel.rgb;
    c = mix(c, vec3(luminance(c)), dye.w) * dye.rgb;
    float see = reached(at, n, 0.03), weave = 0.9 + 0.2 * noise(vec3(spot * 900.0, 1.0));
    vec3 sum = c * weave * (sent(n) * 0.85 + key_light.rgb * see * wrapped(dot(n, key_way.xyz), vec3(0.12)));
    sum += 0.02 * pow(1.0 - max(dot(n, view), 0.0), 4.0) * sent(n);
    colour = vec4(developed(sum), 1);
}
