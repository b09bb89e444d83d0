"""The selector: signals and instructions in, signed flows out, each on the lane of its decision class."""
