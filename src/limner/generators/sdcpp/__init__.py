"""The engine stable-diffusion.cpp; its library loads with a model, never before."""
