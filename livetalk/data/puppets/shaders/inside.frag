// The inside of the mouth: dark red, darker the deeper; what the photograph shows of it while it is as photographed.
in vec2 at;
in vec3 inner;
uniform sampler2D photograph;
out vec4 colour;

void main() {
    float deep = smoothstep(0.0, 0.22, mouth.z - inner.z);
    vec3 c = flesh() * mix(vec3(0.72, 0.60, 0.60), vec3(0.17, 0.09, 0.09), deep);
    colour = vec4(mix(c, texture(photograph, at).rgb, close.x), 1.0);
}
