// Leaves depth only; hair lets light through where its picture is thin.
#ifdef HAIR
in vec2 spot;
uniform sampler2D hair_picture;
void main() { if (texture(hair_picture, spot).a < 0.45) discard; }
#else
void main() {}
#endif
