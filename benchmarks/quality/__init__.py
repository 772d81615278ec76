"""Quality figures: prompts made from a specification, drawn by the product, judged by programs.

Each figure asks for something that can be looked up in the pixels or by the referee, draws every
prompt with four seeds at the default steps and guidance, and gives a share with an interval over
prompts. Before anything drawn is judged, the same measure judges pictures whose truth is known;
that accuracy is printed with the figure.
"""
