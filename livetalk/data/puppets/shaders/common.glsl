// Shared by every shader of the puppets: the two uniform blocks. Lengths are decimetres, colours sRGB as photographed.
// Camera space: x right, y up, z towards the viewer, the camera at the origin.
layout(std140, binding = 0) uniform Frame {
    mat4 head;          // head space to camera space, for what moves with the skull
    mat4 torso;         // the same for shoulders
    vec4 gaze;          // yaw, pitch of the left eye, then of the right, radians
    vec4 state;         // number of active shapes, gap between the lips, blink of the left eye, of the right
    vec4 lids;          // upper lid above the eye's centre in radii, and how much lower than photographed: left, right
    vec4 close;         // how nearly mouth and eyes are as photographed, 0 to 1
    vec4 corners[2];    // x of the lips' corners (xy); of the left eye's (xy), the right eye's (zw)
    ivec4 active_[13];
    vec4 amount_[13];
    vec4 rows[45];      // columns of lips, left lids, right lids: rise of the upper edge, of the lower, their heights
};
layout(std140, binding = 1) uniform Puppet {
    mat4 still;         // head space to camera space as photographed
    vec4 lens;          // focal length over half of the shown picture, -1 where mirrored, share of the sides shown
    vec4 eye_left;      // centre, radius
    vec4 eye_right;
    vec4 irises;        // radius over the eyeball's: left, right
    vec4 white_left;    // place of the picture of the white in the photograph: left, top, right, bottom
    vec4 white_right;
    vec4 lip;           // colour
    vec4 tooth;         // colour; w: 1 where the photograph's own teeth are shown
    vec4 lid_left;      // colour of a drawn-down lid
    vec4 lid_right;
    vec4 light[3];      // nine harmonics of the photographed light
    vec4 key;           // more light from there: way times strength
    vec4 tint;          // colour of that light
    vec4 mouth;         // head-space place of the upper lip's front
};

vec4 shown(vec3 p, float layer) {   // layer 0: the sheet; 1: behind it
    const float near = 4.0, far = 60.0;
    float depth = ((far + near) * -p.z - 2.0 * far * near) / (far - near);
    return vec4(lens.x * lens.y * p.x, -lens.x * p.y, 0.5 * depth + (layer - 0.5) * -p.z, -p.z);
}
vec2 photographed(vec3 q) { return vec2(0.5, 0.5) + lens.z * 0.5 * lens.x * vec2(q.x, -q.y) / -q.z; }

// Luminance of the photographed light on a surface that faces n, as `measures.harmonics`.
float lit(vec3 n) {
    return dot(light[0], vec4(1.0, n.x, n.y, n.z)) + dot(light[1], vec4(n.x * n.y, n.x * n.z, n.y * n.z, n.x * n.x - n.y * n.y))
         + light[2].x * (3.0 * n.z * n.z - 1.0);
}
vec3 relit(vec3 n) { return clamp(vec3(1.0) + tint.rgb * dot(key.xyz, n), 0.55, 1.6); }
// What is moist and unpainted: tongue, gums, the inside of the mouth; lips may wear lipstick.
vec3 flesh() { return mix(lip.rgb, dot(tooth.rgb, vec3(0.333)) * vec3(0.84, 0.48, 0.46), 0.6); }
