// The photograph on the sheet. Lids that come down take the colour of a lid; the inner lips, if hidden, of lips.
in vec2 at;
in vec2 lid;
in float sure;
in vec3 gain;
uniform sampler2D photograph;
out vec4 colour;

void main() {
    vec4 t = texture(photograph, at);
    if (t.a < 0.01) discard;
    vec3 c = mix(mix(t.rgb, lid_left.rgb, lid.x), lid_right.rgb, lid.y);
    c = mix(0.62 * lip.rgb, c, clamp(sure, 0.0, 1.0));
    colour = vec4(c * gain, t.a);
}
