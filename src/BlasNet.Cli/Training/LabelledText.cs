using BlasNet.Datasets;
using BlasNet.Text;

namespace BlasNet.Cli.Training;

/// <summary>A text or a pair, and the number of its label; −1 for one that is not known.</summary>
internal sealed record LabelledText(TextInput Text, int Label)
{
    /// <summary>Reads lines of a text, or two, and a label.</summary>
    /// <exception cref="DataFormatException">While enumerating: the file breaks its format, see <see cref="TabLines"/>.</exception>
    public static IEnumerable<(TextInput Text, string Label)> Read(string file) => TabLines.Read(file, 2, 3).Select(line =>
        (line.Columns.Count == 2 ? new TextInput(line.Columns[0]) : new TextInput(line.Columns[0], line.Columns[1]), line.Columns[^1]));
}
