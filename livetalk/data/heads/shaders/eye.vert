// The two eyeballs (one instance each): spheres that stay, under a painted pattern that turns with the gaze.
in vec3 unit;
out vec3 at;
out vec3 ball;    // place on the unit sphere, rest space
flat out int side;

void main() {
    side = gl_InstanceID;
    vec4 eye = side == 0 ? eye_left : eye_right;
    ball = unit;
    at = (head * vec4(eye.xyz + unit * eye.w, 1)).xyz;
    gl_Position = camera * vec4(at, 1);
}
