namespace BlasNet.Text;

/// <summary>What is done with a text of more tokens than a model takes.</summary>
public enum LongTexts
{
    /// <summary>The end is left out, as the model's own library does.</summary>
    Truncate,

    /// <summary>It is cut into windows of as many tokens as the model takes, of nearly the same length, and their vectors are pooled: the mean is that of all
    /// tokens.</summary>
    Windows,
}
