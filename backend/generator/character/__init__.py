"""A painter of one character: learns from the artist's own renders how its moving surface looks in its own light.

Deferred neural rendering (Thies et al., ACM TOG 38(4), 2019): the rasteriser says what is seen at each pixel, a
learned texture on the rig's own coordinates says what is there, and a small U-Net says how it looks. Mouth and eyes
have branches of their own at full resolution.
"""
