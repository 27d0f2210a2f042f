// Lays the backdrop, painted once when the look is put on, behind the head.
in vec2 uv;
uniform sampler2D backdrop;
out vec4 colour;
void main() { colour = vec4(texture(backdrop, uv).rgb, 1); }
