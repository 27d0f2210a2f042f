// Clothes of free meshes: rigid on the shoulders, collars partly on the neck.
in vec3 point;
in vec3 normal;
in vec2 uv;
out vec3 at;
out vec3 facing;
out vec2 spot;

void main() {
    float skull = follows_head(point) * 0.8;
    mat3 spin = mat3(head) * skull + mat3(torso) * (1.0 - skull);
    at = mix((torso * vec4(point, 1)).xyz, (head * vec4(point, 1)).xyz, skull);
    facing = normalize(spin * normal);
    spot = uv;
#ifdef SHADOW
    gl_Position = vec4((shadowed * vec4(at, 1)).xyz * 2.0 - 1.0, 1);
#else
    gl_Position = camera * vec4(at, 1);
#endif
}
