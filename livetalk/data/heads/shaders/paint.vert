// Unrolls the resting skin on the map: azimuth about the neck's axis to the right, height up; the outermost skin wins.
in vec3 place;     // map coordinates, radius
in vec3 rest;
in vec4 columns;
in float above;    // height above the hairline
#ifdef PHOTO
in vec2 uv;      // place in the skin's picture
out vec2 spot;
#endif
out vec3 painted;
out vec4 masks;
out float scalp;

void main() {
#ifdef PHOTO
    spot = uv;
#endif
    painted = rest;
    masks = columns;
    scalp = above;
    gl_Position = vec4(place.xy * 2.0 - 1.0, 0.5 - 0.2 * place.z, 1);
}
