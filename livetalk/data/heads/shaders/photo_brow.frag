// Brows from a picture, in the person's colour.
in vec2 spot;
uniform sampler2D brows;
out vec4 colour;
void main() {
    vec4 texel = texture(brows, spot);
    colour = vec4(sqrt(brow.rgb * 0.8), clamp(texel.a * 1.1, 0.0, 1.0) * brow_form.w);
}
