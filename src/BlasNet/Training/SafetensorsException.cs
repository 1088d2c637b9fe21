namespace BlasNet.Training;

/// <summary>A safetensors file cannot be read: which one, and what the format asks for. The message is <c>FILE: rule</c>.</summary>
public sealed class SafetensorsException : IOException
{
    internal SafetensorsException(string file, string rule, Exception? inner = null)
        : base($"{file}: {rule}", inner) => (File, Rule) = (file, rule);

    /// <summary>The file as the caller named it.</summary>
    public string File { get; }

    /// <summary>What the format asks for, and what was found.</summary>
    public string Rule { get; }
}
