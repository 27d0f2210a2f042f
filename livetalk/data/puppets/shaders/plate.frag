in vec2 at;
uniform sampler2D plate;
out vec4 colour;
void main() { colour = vec4(texture(plate, at).rgb, 1.0); }
