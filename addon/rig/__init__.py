"""Reading and writing characters in Blender: the only place that meets a rig's own axes and names."""
