namespace BlasNet.Text;

/// <summary>What a model reads: a text, or two, such as a question and a passage.</summary>
/// <param name="First">The text, or the first of two.</param>
/// <param name="Second">The second text; null for none.</param>
public readonly record struct TextInput(string First, string? Second = null)
{
    /// <summary>A text alone.</summary>
    public static implicit operator TextInput(string text) => new(text);
}
