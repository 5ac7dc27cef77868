"""Files that commands write beside what they print: pages, figures, timelines, graphs with times."""
