using BlasNet.Text;
using BlasNet.Text.Tokenization;

namespace BlasNet.Tests.Text;

/// <summary>Tokens as BERT's and RoBERTa's own programs make them.</summary>
public sealed class TokenizationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    // By hand, from the rules of tokenization.py of BERT.
    [Theory]
    [InlineData("Hello, World!", "hello , world !")]
    [InlineData("a+b=$5 <x>", "a + b = $ 5 < x >")]
    [InlineData("x_y-z", "x _ y - z")]
    [InlineData("don't “quote”…", "don ' t “ quote ” …")]
    [InlineData("€5 ©", "€5 ©")]                      // symbols outside of ASCII are no punctuation
    [InlineData("a\tb\r\nc\u00A0d\u3000e\u2028f", "a b c d e f")]
    [InlineData("a\u200Bb\u00ADc\u0000d\uFFFDe\u0007f", "abcdef")]
    [InlineData("naïve Café ÅNGSTRÖM", "naive cafe angstrom")]
    [InlineData("e\u0301 x\u0327y", "e xy")]
    [InlineData("İstanbul ΑΆΣ", "istanbul αασ")]
    [InlineData("日本語 text中", "日 本 語 text 中")]
    [InlineData("한글", "\u1112\u1161\u11AB\u1100\u1173\u11AF")]
    [InlineData("かガ", "かカ")]
    [InlineData("😀 a😀", "😀 a😀")]
    [InlineData("\uD800a", "a")]
    [InlineData("", "")]
    [InlineData("  \n ", "")]
    public void A_text_is_cut_into_the_words_of_bert(string text, string words) => Assert.Equal(words, Words(text, new BertRules()));

    [Fact]
    public void Each_rule_of_bert_can_be_left_out()
    {
        const string Text = "Né 日本\u200B";
        Assert.Equal("ne 日本", Words(Text, new BertRules(SetsApartIdeographs: false)));
        Assert.Equal("né 日 本", Words(Text, new BertRules(StripsAccents: false)));
        Assert.Equal("Ne 日 本", Words(Text, new BertRules(Lowers: false)));
        Assert.Equal("Né 日 本", Words(Text, new BertRules(Lowers: false, StripsAccents: false)));
        Assert.Equal("ne 日 本 \u200B", Words(Text, new BertRules(Cleans: false)));
    }

    [Fact]
    public void A_word_is_cut_into_the_longest_pieces_from_the_left_and_special_tokens_stand_for_themselves()
    {
        string path = _folder.Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\nun\n##aff\n##able\n##a\nable\n##f\n,\n");
        TextTokenizer tokenizer = WordPieces.Read(path, settings: null);
        Assert.Equal((2, 3, 11), (tokenizer.First, tokenizer.Last, tokenizer.VocabularySize));
        Assert.Equal([4, 5, 6, 10, 8], tokenizer.Tokenize("Unaffable, able"));
        Assert.Equal([1, 1, 4], tokenizer.Tokenize("unknown x un"));             // a word with any unknown part is unknown
        Assert.Equal([4, 3, 2, 8], tokenizer.Tokenize("un[SEP] [CLS]able"));
        Assert.Equal([1, 4], tokenizer.Tokenize(new string('u', 101) + " un"));   // no word has more than a hundred characters
        Assert.Empty(tokenizer.Tokenize(" "));
    }

    [Fact]
    public void A_tokenizer_file_of_word_pieces_makes_the_tokens_of_its_word_list()
    {
        const string Json = """
            {"added_tokens": [{"id": 2, "content": "[CLS]"}, {"id": 3, "content": "[SEP]"}, {"id": 6, "content": "[NEW]"}],
             "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": false},
             "pre_tokenizer": {"type": "BertPreTokenizer"},
             "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                       "vocab": {"[UNK]": 0, "ab": 1, "[CLS]": 2, "[SEP]": 3, "##c": 4, "É": 5}}}
            """;
        TextTokenizer tokenizer = TokenizerFile.Read(BlasNet.Text.Files.JsonFile.Read(_folder.Write("tokenizer.json", Json)));
        Assert.Equal(7, tokenizer.VocabularySize);
        Assert.Equal([1, 4, 6, 0, 5], tokenizer.Tokenize("abc[NEW]AB É"));
    }

    [Theory]
    [InlineData("he", new[] { 0, 31, 2 })]
    [InlineData("he he", new[] { 0, 31, 32, 2 })]
    [InlineData("hello  he", new[] { 0, 31, 33, 18, 30, 32, 2 })]
    [InlineData("</s>a", new[] { 0, 2, 4, 2 })]
    [InlineData("", new[] { 0, 2 })]
    public void A_text_is_cut_into_the_byte_pairs_of_roberta(string text, int[] tokens)
    {
        new SmallEncoder("roberta").Write(_folder);
        using TextEncoder encoder = TextEncoder.Load(_folder.Path);
        Assert.Equal(tokens, encoder.Tokenize(text));
        Assert.Equal(68, encoder.MaximumTokens);   // two positions are below the first token's
    }

    public void Dispose() => _folder.Dispose();

    private static string Words(string text, BertRules rules)
    {
        string normalized = new BertNormalizer(rules).Normalize(text);
        return string.Join(' ', BertWords.Instance.PreTokenize(normalized).Select(word => normalized.Substring(word.Offset, word.Length)));
    }
}
