// The two eyeballs, one instance each: spheres that stay, under an iris that turns with the gaze.
in vec3 unit;
out vec3 ball;
out vec2 at;        // in the picture of the white
out vec2 seen;      // in the photograph
out vec3 gain;
flat out int side;

void main() {
    side = gl_InstanceID;
    vec4 eye = side == 0 ? eye_left : eye_right, box = side == 0 ? white_left : white_right;
    vec4 place = vec4(eye.xyz + unit * eye.w, 1.0);
    ball = unit;
    seen = photographed((still * place).xyz);
    at = (seen - box.xy) / (box.zw - box.xy);
    gain = relit(mat3(head) * vec3(0.0, 0.0, 1.0));
    gl_Position = shown((head * place).xyz, 1.0);
}
