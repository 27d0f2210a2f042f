// Hair cards and glasses: rigid on the skull, hanging ends partly on the shoulders.
in vec3 point;
in vec3 along;
in vec3 normal;
in vec2 uv;
in vec4 kind;
out vec3 at;
out vec3 run;
out vec3 facing;
out vec3 painted;
out vec2 where;
flat out vec4 sort;

void main() {
    float skull = kind.x > 0.5 ? 1.0 : smoothstep(4.9, 6.6, point.y);
    mat3 spin = mat3(head) * skull + mat3(torso) * (1.0 - skull);
    at = mix((torso * vec4(point, 1)).xyz, (head * vec4(point, 1)).xyz, skull);
    run = spin * along;
    facing = spin * normal;
    painted = point;
    where = uv;
    sort = kind;
    gl_Position = camera * vec4(at, 1);
}
