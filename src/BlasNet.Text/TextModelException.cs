namespace BlasNet.Text;

/// <summary>A model's folder cannot be read: which file of it, and what rule it breaks. The message is <c>FILE: rule</c>.</summary>
public sealed class TextModelException : IOException
{
    internal TextModelException(string file, string rule, Exception? inner = null)
        : base($"{file}: {rule}", inner) => (File, Rule) = (file, rule);

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>What is asked for, and what was found.</summary>
    public string Rule { get; }
}
