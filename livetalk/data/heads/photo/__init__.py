"""Photographed-looking heads: free skins, hair, teeth and lashes, and surroundings that light them.

Everything here needs a folder of assets, or a pack made from one. The renderer asks for it; without it nothing here is
loaded.
"""
