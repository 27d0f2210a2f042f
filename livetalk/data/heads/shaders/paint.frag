// Paints skin, lips, brows, stubble, scalp and clothes of a look on a map of the head, once. Alpha: half the shine.
in vec3 painted;
in vec4 masks;
in float scalp;
out vec4 colour;
#ifdef PHOTO
in vec2 spot;
uniform sampler2D skin_picture;
uniform vec4 tone;  // gain of the picture; w: how far its lips take the look's colour
#endif

float broad = 0.0, fine = 0.0;  // two octaves of noise, shared by all that is painted at a place

float brows(vec3 p) {
    float x = abs(p.x), along = (x - 0.10) / brow_form.z;
    float line = 7.284 + brow_form.x + brow_form.y * sin(clamp(along, 0.0, 1.0) * 2.5) + 0.008 * (1.0 - smoothstep(0.0, 0.35, along)) - 0.045 * smoothstep(0.6, 1.0, along);
    float half_ = brow.w * (0.55 + 0.6 * smoothstep(0.0, 0.25, along)) * (1.0 - 0.75 * smoothstep(0.45, 1.0, along));
    float across = (p.y - line) / half_;
    float lean = p.y * 46.0 - x * 60.0;
    float strands = noise(vec3(x * 150.0 + across * 3.0, lean, viewer.w)) ;
    float body = (1.0 - smoothstep(0.35, 1.15, abs(across))) * smoothstep(-0.12, 0.1, along) * (1.0 - smoothstep(0.85, 1.05, along));
    return body * mix(1.0, smoothstep(0.15, 0.75, strands + 0.25 * body), 0.55) * step(0.9, p.z) * brow_form.w;
}

float beard_line(float x) {  // upper border on the cheek
    float y = mix(6.80, 6.63, smoothstep(0.16, 0.34, x));
    y = mix(y, 6.72, smoothstep(0.40, 0.52, x));
    return mix(y, 7.12, smoothstep(0.52, 0.74, x));
}
float beard_field(vec3 p) {
    float x = abs(p.x);
    float top = 1.0 - smoothstep(-0.10, 0.05, p.y - beard_line(x) + 0.05 * (broad - 0.5));
    float low = smoothstep(5.82, 6.06, p.y + 0.2 * (0.9 - p.z));
    float front = smoothstep(0.5, 0.75, p.z);
    float lip = 1.0 - smoothstep(0.15, 0.5, masks.x);
    float moustache = (1.0 - smoothstep(0.26, 0.36, x)) * smoothstep(6.62, 6.66, p.y);
    float chin = (1.0 - smoothstep(0.24, 0.38, x)) * (1.0 - smoothstep(6.54, 6.6, p.y));
    float where = max(max(moustache * beard_form.x, chin * beard_form.z), beard_form.y);
    return top * low * front * lip * where;
}

vec3 skin_colour(vec3 p, out float shine) {
#ifdef PHOTO
    vec3 c = texture(skin_picture, spot).rgb;
    float pores = noise(p * 170.0 + viewer.w) + 0.7 * noise(p * 95.0) - 0.85;
    vec3 blotch = vec3(0.03, 0.09, 0.08) * (broad - 0.5) + vec3(0.02, 0.06, 0.06) * (noise(p * 21.0) - 0.5);
    c *= c * tone.rgb * (1.0 + marks.x * blotch + 0.13 * pores * step(0.5, p.z));
#else
    vec3 c = skin.rgb * (1.0 + marks.x * (0.26 * (broad - 0.5) + 0.16 * (fine - 0.5)));
#endif
    float x = abs(p.x);
    float cheek = exp(-(pow((x - 0.42) / 0.22, 2.0) + pow((p.y - 6.93) / 0.18, 2.0))) * step(0.6, p.z);
    float nose = exp(-(pow(x / 0.13, 2.0) + pow((p.y - 6.93) / 0.12, 2.0))) * step(1.4, p.z);
    float ring = exp(-(pow((x - 0.27) / 0.16, 2.0) + pow((p.y - 7.10) / 0.06, 2.0))) * step(0.9, p.z);
    float socket = exp(-(pow((x - 0.31) / 0.2, 2.0) + pow((p.y - 7.37) / 0.07, 2.0))) * step(0.9, p.z);
    c = mix(c, c * blush.rgb, clamp(blush.w * (cheek + 0.7 * nose + 0.8 * masks.z), 0.0, 1.0));
    c *= 1.0 - vec3(0.16, 0.22, 0.20) * marks.w * ring - vec3(0.10, 0.14, 0.14) * socket;
    float spot = smoothstep(0.72, 0.82, fine) * (cheek + nose) * marks.y;
    c *= 1.0 - vec3(0.25, 0.38, 0.45) * clamp(spot, 0.0, 1.0);
    shine = skin.w * (1.0 + 0.8 * nose + 0.35 * smoothstep(7.5, 7.8, p.y)) * (1.0 - 0.5 * cheek);
    return c;
}

// Heights of the collar above a place: the skin's border, and (jackets, open shirts) that of the outer garment.
vec2 cloth_edges(vec3 p) {
    float front = max(p.z - 0.2, 0.0);
    float neck = neckline.x + 0.34 - 0.42 * smoothstep(0.0, 1.0, front) - 0.05 * p.z + 0.10 * max(abs(p.x) - neckline.y, 0.0);
    float vee = max(neckline.z - 1.75 * abs(p.x), 0.0) * step(0.3, p.z);
    return vec2(neck - (cloth.w > 3.5 ? 0.55 * vee * step(cloth.w, 4.5) : vee), neck - vee) - p.y;
}

vec4 garment(vec3 p) {  // colour, share
    vec2 edge = cloth_edges(p);
    vec3 c = cloth.rgb * (1.0 + cloth_inner.w * 0.35 * (fine - 0.5 + 0.7 * (broad - 0.5)));
    if (neckline.w > 0.0) c = mix(c, cloth_inner.rgb, smoothstep(0.1, -0.1, cos(p.y * neckline.w)));
    float rib = edge.x - 0.07;
    c *= 1.0 - 0.25 * smoothstep(0.014, 0.0, abs(rib)) * step(cloth.w, 3.5);
    if (cloth.w > 4.5) {  // a jacket over a shirt, with a lapel
        float sharp = max(fwidth(edge.y), 1e-4), lapel = edge.y - 0.16 - 0.5 * max(0.3 - abs(p.x), 0.0);
        c *= 1.0 - 0.35 * smoothstep(0.022, 0.0, abs(lapel)) * step(0.2, p.z);
        vec3 under = cloth_inner.rgb * (1.0 - 0.35 * smoothstep(-0.12, 0.0, edge.y));
        under *= 1.0 - 0.3 * smoothstep(0.012, 0.004, abs(p.x)) * step(0.2, p.z);
        c = mix(under, c, clamp(edge.y / sharp + 0.5, 0.0, 1.0));
    } else if (cloth.w > 3.5) {  // a shirt: button band and collar seam
        c *= 1.0 - 0.22 * smoothstep(0.010, 0.003, abs(abs(p.x) - 0.075)) * step(0.2, p.z);
        c *= 1.0 - 0.30 * smoothstep(0.018, 0.0, abs(edge.x - 0.17 - 0.35 * max(0.35 - abs(p.x), 0.0)));
    }
    return vec4(c, clamp(edge.x / max(fwidth(edge.x), 1e-4) + 0.5, 0.0, 1.0));
}

void main() {
    float shine;
    broad = noise(painted * 8.0 + viewer.w); fine = noise(painted * 42.0 + viewer.w);
    vec3 c = skin_colour(painted, shine);
    float lip = smoothstep(0.25, 0.62, masks.x + 0.12 * (fine - 0.5));
#ifdef PHOTO
    c = mix(c, mix(c, lips.rgb * (0.8 + 1.2 * dot(c, vec3(0.33)) / dot(lips.rgb + 0.02, vec3(0.33))) * 0.6, tone.w), lip);
#else
    c = mix(c, lips.rgb * (0.9 + 0.25 * fine), lip);
#endif
    shine = mix(shine, lips.w, lip);
    float stubble = beard_field(painted);
    float dots = noise(painted * vec3(90.0, 45.0, 90.0));
    float hairs = beard.w * (0.55 + 0.9 * (dots - 0.3)) + smoothstep(0.7, 1.0, beard.w) * 0.45;
#ifdef PHOTO
    float strands = 0.5 * noise(painted * vec3(230.0, 62.0, 230.0)) + 0.5 * noise(painted * vec3(130.0, 40.0, 130.0) + 7.0);
    hairs = beard.w * (0.62 + 1.7 * (strands - 0.5) * (1.25 - beard.w)) + smoothstep(0.65, 1.0, beard.w) * 0.3;
    stubble *= smoothstep(0.0, 0.45, stubble + 0.3 * (strands - 0.5));
#endif
    c = mix(c, beard.rgb, clamp(stubble * hairs, 0.0, 0.96));
    shine *= 1.0 - 0.7 * stubble * beard.w;
#ifdef PHOTO
    float b = 0.0;
#else
    float b = brows(painted);
#endif
    c = mix(c, brow.rgb, b * 0.92);
    shine *= 1.0 - 0.8 * b;
    float root = scalp - hair_tip.w + 0.06 * (fine - 0.5);
#ifdef PHOTO
    float tint = smoothstep(-0.06, 0.16, root) * hair.w;
    c = mix(c, mix(c * 0.3, hair.rgb * 0.6, 0.6) * (0.6 + 0.8 * fine), tint);
#else
    float tint = smoothstep(-0.015, 0.05, root) * hair.w;
    c = mix(c, hair.rgb * (0.45 + 0.5 * fine), tint);
#endif
    shine *= 1.0 - 0.8 * tint;
    vec4 g = garment(painted);
    c *= 1.0 - 0.45 * (1.0 - g.w) * smoothstep(-0.09, 0.0, cloth_edges(painted).x);
    c = mix(c, g.rgb, g.w);
#ifdef PHOTO
    shine = mix(shine, 0.004, g.w);
#else
    shine = mix(shine, 0.05, g.w);
#endif
    colour = vec4(sqrt(clamp(c, 0.0, 1.0)), 2.0 * shine);
}
