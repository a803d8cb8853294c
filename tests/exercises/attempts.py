# ruff: noqa: E501
"""Passes as students write them, and ways in which each goes wrong.

`RIGHT` is one way to write each function, by taps, by index arrays or by einsum; `WRONG` says for
each what is replaced by what, and what is wrong then.
"""

PRELUDE = """\
import numpy as np
from itertools import product


def two(v):
    return tuple(v) if isinstance(v, (tuple, list)) else (v, v)
"""

RIGHT = {
    "conv2d": """
def conv2d(x,w,b,*,stride,padding):
    (sh,sw),(ph,pw)=two(stride),two(padding)
    n,c,h,wd=x.shape; f,_,kh,kw=w.shape
    big=np.zeros((n,c,h+2*ph,wd+2*pw)); big[:,:,ph:ph+h,pw:pw+wd]=x
    P=1+(h+2*ph-kh)//sh; Q=1+(wd+2*pw-kw)//sw
    out=np.zeros((n,f,P,Q))
    for i,j in product(range(kh),range(kw)):
        part=big[:,:,i:i+sh*P:sh,j:j+sw*Q:sw][:,:,:P,:Q]
        out+=np.einsum('nchw,fc->nfhw',part,w[:,:,i,j])
    return out+b[None,:,None,None]
""",
    "conv2d_backward": """
def conv2d_backward(dy,x,w,*,stride,padding):
    (sh,sw),(ph,pw)=two(stride),two(padding)
    n,c,h,wd=x.shape; f,_,kh,kw=w.shape; P,Q=dy.shape[2:]
    big=np.pad(x,[(0,0),(0,0),(ph,ph),(pw,pw)]); g=np.zeros_like(big); dw=np.zeros(w.shape)
    for i,j in product(range(kh),range(kw)):
        sl=np.s_[:,:,i:i+sh*(P-1)+1:sh,j:j+sw*(Q-1)+1:sw]
        g[sl]+=np.einsum('nfpq,fc->ncpq',dy,w[:,:,i,j])
        dw[:,:,i,j]=np.einsum('nfpq,ncpq->fc',dy,big[sl])
    return g[:,:,ph:ph+h,pw:pw+wd],dw,np.einsum('nfpq->f',dy)
""",
    "max_pool2d": """
def max_pool2d(x,kernel_size,*,stride,padding):
    (kh,kw),(sh,sw),(ph,pw)=two(kernel_size),two(stride),two(padding)
    n,c,h,wd=x.shape
    big=np.pad(x,[(0,0),(0,0),(ph,ph),(pw,pw)],constant_values=-np.inf)
    v=np.lib.stride_tricks.sliding_window_view(big,(kh,kw),axis=(2,3))[:,:,::sh,::sw]
    flat=v.reshape(*v.shape[:4],-1); k=flat.argmax(-1)
    P,Q=k.shape[2:]
    r=np.arange(P)[:,None]*sh-ph+k//kw; q=np.arange(Q)*sw-pw+k%kw
    return flat.max(-1),r*wd+q
""",
    "max_pool2d_backward": """
def max_pool2d_backward(dy,switches,input_size):
    h,w=input_size; n,c,P,Q=dy.shape
    dx=np.zeros((n*c,h*w))
    np.add.at(dx,(np.arange(n*c)[:,None],switches.reshape(n*c,-1)),dy.reshape(n*c,-1))
    return dx.reshape(n,c,h,w)
""",
    "nearest_unpool2d_backward": """
def nearest_unpool2d_backward(dy,scale):
    sh,sw=two(scale); n,c,H,W=dy.shape
    out=np.zeros((n,c,H//sh,W//sw))
    for i,j in product(range(sh),range(sw)): out+=dy[:,:,i::sh,j::sw]
    return out
""",
    "bilinear_upsample2d": """
def bilinear_upsample2d(x,size):
    n,c,h,w=x.shape; P,Q=size
    u=np.clip((np.arange(P)+.5)*h/P-.5,0,h-1); v=np.clip((np.arange(Q)+.5)*w/Q-.5,0,w-1)
    a=np.floor(u).astype(int); b=np.floor(v).astype(int); a2=np.minimum(a+1,h-1); b2=np.minimum(b+1,w-1)
    s=(u-a)[:,None]; t=v-b
    return (1-s)*((1-t)*x[:,:,a][...,b]+t*x[:,:,a][...,b2])+s*((1-t)*x[:,:,a2][...,b]+t*x[:,:,a2][...,b2])
""",
    "bilinear_upsample2d_backward": """
def M(n,m):
    A=np.zeros((m,n))
    for i in range(m):
        u=min(max((i+.5)*n/m-.5,0),n-1); k=int(u); A[i,k]+=1-(u-k); A[i,min(k+1,n-1)]+=u-k
    return A
def bilinear_upsample2d_backward(dy,input_size):
    A,B=M(input_size[0],dy.shape[2]),M(input_size[1],dy.shape[3])
    return np.einsum('ph,ncpq,qw->nchw',A,dy,B)
""",
    "conv_transpose2d": """
def conv_transpose2d(x,w,b,*,stride,padding):
    (sh,sw),(ph,pw)=two(stride),two(padding)
    n,c,h,wd=x.shape; _,f,kh,kw=w.shape
    big=np.zeros((n,f,(h-1)*sh+kh,(wd-1)*sw+kw))
    for i,j in product(range(kh),range(kw)):
        big[:,:,i:i+(h-1)*sh+1:sh,j:j+(wd-1)*sw+1:sw]+=np.einsum('nchw,cf->nfhw',x,w[:,:,i,j])
    H,W=big.shape[2:]
    return big[:,:,ph:H-ph,pw:W-pw]+b.reshape(1,-1,1,1)
""",
    "conv_transpose2d_backward": """
def conv_transpose2d_backward(dy,x,w,*,stride,padding):
    (sh,sw),(ph,pw)=two(stride),two(padding)
    n,c,h,wd=x.shape; _,f,kh,kw=w.shape
    g=np.pad(dy,[(0,0),(0,0),(ph,ph),(pw,pw)]); dx=np.zeros(x.shape); dw=np.zeros(w.shape)
    for i,j in product(range(kh),range(kw)):
        p=g[:,:,i:i+(h-1)*sh+1:sh,j:j+(wd-1)*sw+1:sw]
        dx+=np.einsum('nfhw,cf->nchw',p,w[:,:,i,j]); dw[:,:,i,j]=np.einsum('nfhw,nchw->cf',p,x)
    return dx,dw,dy.sum((0,2,3))
""",
    "relu": """
def relu(x): return (x+np.abs(x))/2
""",
    "relu_backward": """
def relu_backward(dy,x): return np.where(x>0,dy,0.)
""",
    "linear": """
def linear(x,w,b): return np.einsum('nc,fc->nf',x,w)+b
""",
    "linear_backward": """
def linear_backward(dy,x,w):
    dx=np.einsum('nf,fc->nc',dy,w); dw=np.einsum('nf,nc->fc',dy,x); return dx,dw,dy.sum(0)
""",
    "softmax": """
def softmax(x):
    z=np.exp(x-np.max(x,axis=1,keepdims=True)); return z/np.sum(z,axis=1,keepdims=True)
""",
    "softmax_backward": """
def softmax_backward(dy,y):
    s=(dy*y).sum(axis=1,keepdims=True); return y*dy-y*s
""",
    "cross_entropy": """
def cross_entropy(scores,labels):
    k=scores.shape[1]; z=np.moveaxis(scores,1,-1).reshape(-1,k); z=z-z.max(1,keepdims=True); t=labels.ravel()
    lp=z-np.log(np.exp(z).sum(1,keepdims=True)); return -lp[np.arange(len(t)),t].mean()
""",
    "cross_entropy_backward": """
def cross_entropy_backward(scores,labels):
    k=scores.shape[1]; z=np.moveaxis(scores,1,-1); e=np.exp(z-z.max(-1,keepdims=True)); p=e/e.sum(-1,keepdims=True)
    g=(p-np.eye(k)[labels])/labels.size; return np.moveaxis(g,-1,1)
""",
    "batch_norm2d": """
def batch_norm2d(x,w,b,running_mean,running_var):
    n=x[:,0].size; m=x.mean((0,2,3)); v=((x-m[:,None,None])**2).mean((0,2,3))
    y=w[:,None,None]*(x-m[:,None,None])/np.sqrt(v+1e-5)[:,None,None]+b[:,None,None]
    return y,(m,v),(running_mean*.9+m*.1,running_var*.9+v*n/(n-1)*.1)
""",
    "batch_norm2d_backward": """
def batch_norm2d_backward(dy,x,w,statistics):
    m,v=(s[:,None,None] for s in statistics); r=1/np.sqrt(v+1e-5); h=(x-m)*r; n=x[:,0].size
    db=dy.sum((0,2,3)); dw=(dy*h).sum((0,2,3))
    return w[:,None,None]*r/n*(n*dy-db[:,None,None]-h*dw[:,None,None]),dw,db
""",
    "mse_loss_backward": """
def mse_loss_backward(prediction,target): d=prediction-target; return 2*d/d.size
""",
    "smooth_l1_loss": """
def smooth_l1_loss(prediction,target):
    a=abs(prediction-target); return np.mean(np.where(a<1,a*a/2,a-.5))
""",
    "smooth_l1_loss_backward": """
def smooth_l1_loss_backward(prediction,target):
    d=prediction-target; return np.where(abs(d)<1,d,np.sign(d))/d.size
""",
    "two_losses_backward": """
def two_losses_backward(scores,boxes,labels,targets,*,box_weight):
    e=np.exp(scores-scores.max(1)[:,None]); p=e/e.sum(1)[:,None]; t=np.eye(scores.shape[1])[labels]
    return (p-t)/len(p),box_weight*2*(boxes-targets)/boxes.size
""",
    "two_heads_backward": """
def two_heads_backward(dscores,dboxes,features,class_weight,box_weight):
    return dscores@class_weight+dboxes@box_weight,dscores.T@features,dboxes.T@features
""",
    "iou": """
def iou(a,b):
    x1=np.maximum(a[:,0],b[:,0]); y1=np.maximum(a[:,1],b[:,1]); x2=np.minimum(a[:,0]+a[:,2],b[:,0]+b[:,2]); y2=np.minimum(a[:,1]+a[:,3],b[:,1]+b[:,3])
    s=np.clip(x2-x1,0,None)*np.clip(y2-y1,0,None); return s/(a[:,2]*a[:,3]+b[:,2]*b[:,3]-s)
""",
    "adam_step": """
def adam_step(w,dw,mean,square,step,*,lr):
    m=.9*mean+.1*dw; s=.999*square+.001*dw*dw
    return w-lr*(m/(1-.9**step))/(np.sqrt(s/(1-.999**step))+1e-8),m,s
""",
    "sgd_step": """
def sgd_step(w,dw,velocity,*,lr,momentum):
    v=momentum*velocity+dw; return w-lr*v,v
""",
    "max_unpool2d": """
def max_unpool2d(x,switches,output_size):
    n,c=x.shape[:2]; h,w=output_size; y=np.zeros((n,c,h,w))
    for i,j,p,q in np.ndindex(x.shape):
        s=switches[i,j,p,q]; y[i,j,s//w,s%w]+=x[i,j,p,q]
    return y
""",
    "bed_of_nails_unpool2d": """
def bed_of_nails_unpool2d(x,scale):
    sh,sw=two(scale); k=np.zeros((sh,sw)); k[0,0]=1; return np.kron(x,k)
""",
}

WRONG = {
    "conv2d": [
        ("range(kh),range(kw)", "range(1,kh),range(kw)", "first kernel row left out"),
        (
            "'nchw,fc->nfhw',part,w[:,:,i,j]",
            "'nchw,fc->nfhw',part,w[:,:,kh-1-i,kw-1-j]",
            "true convolution: kernel flipped",
        ),
        ("+b[None,:,None,None]", "*b[None,:,None,None]", "bias multiplied"),
        ("+b[None,:,None,None]", "-b[None,:,None,None]", "bias subtracted"),
        ("P=1+(h+2*ph-kh)//sh", "P=(h+2*ph-kh)//sh", "+1 forgotten in rows"),
        (
            "big[:,:,ph:ph+h,pw:pw+wd]=x",
            "big[:,:,2*ph:2*ph+h,2*pw:2*pw+wd]=x",
            "image placed at the end of the padded array",
        ),
        (
            "part,w[:,:,i,j]",
            "part.mean(axis=1,keepdims=True).repeat(c,1),w[:,:,i,j]",
            "channels of x averaged before use",
        ),
        ("out+=np.einsum", "out=np.einsum", "only last tap"),
        ("w[:,:,i,j]", "w[:,:,j,i]", "tap transposed"),
        (
            "np.einsum('nchw,fc->nfhw',part,w[:,:,i,j])",
            "np.einsum('nchw,cf->nfhw',part,w[:,:,i,j])",
            "w read as (C,F)",
        ),
        ("+b[None,:,None,None]", "+b.mean()", "mean bias for all"),
        ("[:,:,:P,:Q]", "[:,:,:P,:Q].astype(int)", "x truncated"),
    ],
    "conv2d_backward": [
        ("g[sl]+=", "g[sl]=", "dx assigned per tap"),
        ("dw[:,:,i,j]=", "dw[:,:,j,i]=", "dw rows and columns swapped"),
        ("np.einsum('nfpq->f',dy)", "np.einsum('nfpq->f',dy)/n", "db divided by batch"),
        ("np.einsum('nfpq->f',dy)", "np.full(f,dy.sum())", "db total sum for every filter"),
        ("'nfpq,ncpq->fc',dy,big[sl])", "'nfpq,ncpq->fc',dy,big[sl])/n", "dw mean over images"),
        ("g[:,:,ph:ph+h,pw:pw+wd]", "g[:,:,:h,:wd]", "padding not taken off at top-left"),
        ("dy,w[:,:,i,j])", "dy,w[:,:,kh-1-i,kw-1-j])", "kernel turned in dx"),
        ("return g[:,:,ph:ph+h,pw:pw+wd],dw", "return g,dw", "dx not cropped"),
        (
            "np.einsum('nfpq,fc->ncpq',dy,w[:,:,i,j])",
            "np.einsum('nfpq,fc->ncpq',np.ones_like(dy),w[:,:,i,j])",
            "dx ignores dy",
        ),
        (
            "np.einsum('nfpq,ncpq->fc',dy,big[sl])",
            "np.einsum('nfpq,ncpq->fc',dy[:1],big[sl][:1])",
            "dw of the first image only",
        ),
        ("return g[:,:,ph:ph+h,pw:pw+wd],dw,", "return dw,g[:,:,ph:ph+h,pw:pw+wd],", "order"),
    ],
    "max_pool2d": [
        ("r*wd+q", "r*h+q", "height as row length"),
        ("r*wd+q", "q*wd+r", "row and column exchanged"),
        ("k//kw; q", "k//kh; q", "k divided by kh"),
        ("-ph+k//kw", "+k//kw", "rows of padded image"),
        ("r*wd+q", "k", "window-local"),
        ("constant_values=-np.inf", "constant_values=0", "zero padding"),
        ("constant_values=-np.inf", "mode='edge'", "edge padding"),
        ("flat.argmax(-1)", "(flat.shape[-1]-1-flat[...,::-1].argmax(-1))", "last tie"),
        ("flat.max(-1)", "flat.mean(-1)", "mean"),
        ("r*wd+q", "r*wd+q+1", "switches from one"),
        ("r*wd+q", "r*(wd+2*pw)+q", "padded width as row length"),
        ("[:,:,::sh,::sw]", "[:,:,::kh,::kw]", "kernel as stride"),
        ("flat.max(-1)", "flat.max(-1).clip(min=0)", "y cut at 0"),
    ],
    "max_pool2d_backward": [
        (
            "np.add.at(dx,(np.arange(n*c)[:,None],switches.reshape(n*c,-1)),dy.reshape(n*c,-1))",
            "dx[np.arange(n*c)[:,None],switches.reshape(n*c,-1)]=dy.reshape(n*c,-1)",
            "assigned",
        ),
        ("dx.reshape(n,c,h,w)", "dx.reshape(n,c,w,h)", "w,h exchanged"),
        (
            "dx.reshape(n,c,h,w)",
            "dx.reshape(n,c,w,h).swapaxes(2,3)",
            "reshaped (w,h) and transposed back",
        ),
        ("np.arange(n*c)[:,None]", "0", "all planes into the first"),
        (
            "dy.reshape(n*c,-1))",
            "dy.transpose(0,1,3,2).reshape(n*c,-1))",
            "values run down the columns",
        ),
        ("dy.reshape(n*c,-1))", "np.ones((n*c,P*Q)))", "dy not used"),
        ("switches.reshape(n*c,-1)", "switches.reshape(n*c,-1)//2", "switches halved"),
    ],
    "nearest_unpool2d_backward": [
        ("out+=", "out=", "last only"),
        ("return out", "return out/sh", "divided by sh"),
        ("range(sw)", "range(1)", "first column of blocks"),
        ("return out", "return out/(sh*sw)", "mean"),
        ("dy[:,:,i::sh,j::sw]", "dy[:,:,i::sw,j::sh][:,:,:H//sh,:W//sw]", "scales exchanged"),
        (
            "out+=dy[:,:,i::sh,j::sw]",
            "out=np.maximum(out,dy[:,:,i::sh,j::sw])",
            "max (of 0 and block)",
        ),
    ],
    "bilinear_upsample2d": [
        ("(np.arange(P)+.5)*h/P-.5", "np.arange(P)*h/P", "rows without half pixel"),
        (
            "np.clip((np.arange(P)+.5)*h/P-.5,0,h-1); v=np.clip((np.arange(Q)+.5)*w/Q-.5,0,w-1)",
            "np.clip(np.arange(P)*h/P,0,h-1); v=np.clip(np.arange(Q)*w/Q,0,w-1)",
            "both without half pixel",
        ),
        ("s=(u-a)[:,None]; t=v-b", "s=np.round(u-a)[:,None]; t=np.round(v-b)", "nearest"),
        ("(1-s)*", "s*", "shares of rows wrong"),
        ("s=(u-a)[:,None]; t=v-b", "s=1-(u-a)[:,None]; t=1-(v-b)", "shares exchanged"),
        ("x[:,:,a][...,b]+t", "x[:,:,a][...,b2]+t", "left neighbour replaced"),
        ("np.floor(u)", "np.ceil(u)", "ceil for rows"),
    ],
    "bilinear_upsample2d_backward": [
        (
            "return np.einsum('ph,ncpq,qw->nchw',A,dy,B)",
            "return np.einsum('ph,ncpq,qw->nchw',A/A.sum(0),dy,B/B.sum(0))",
            "columns normalised",
        ),
        ("A,dy,B)", "A,dy,B)*input_size[0]*input_size[1]/dy[0,0].size", "scaled by area ratio"),
        ("A[i,min(k+1,n-1)]+=", "A[i,min(k+1,n-1)]=", "second assigned"),
        (
            "A,B=M(input_size[0],dy.shape[2]),M(input_size[1],dy.shape[3])",
            "A,B=np.linalg.pinv(M(input_size[0],dy.shape[2])).T,np.linalg.pinv(M(input_size[1],dy.shape[3])).T",
            "pinv",
        ),
    ],
    "conv_transpose2d": [
        ("ph:H-ph,pw:W-pw", "2*ph:,2*pw:", "crop at the top only"),
        ("ph:H-ph,pw:W-pw", "ph:,pw:", "crop at the top left only once"),
        ("1:sh,j:j+(wd-1)*sw+1:sw]+=", "1:sh,j:j+(wd-1)*sw+1:sw]=", "assigned"),
        ("+b.reshape(1,-1,1,1)", "+b.reshape(1,-1,1,1)*kh*kw", "bias kernel-size times"),
        ("w[:,:,i,j]", "w[:,:,kh-1-i,kw-1-j]", "flipped"),
        ("w[:,:,i,j]", "w[:,:,j,i]", "kernel transposed"),
        ("np.einsum('nchw,cf->nfhw',x,", "np.einsum('nchw,fc->nfhw',x,", "channels exchanged"),
        ("big[:,:,ph:H-ph,pw:W-pw]", "big", "not cropped"),
        ("(h-1)*sh+kh", "h*sh+kh", "canvas one stride too large"),
    ],
    "conv_transpose2d_backward": [
        ("dx+=", "dx=", "dx last tap"),
        (
            "np.einsum('nfhw,cf->nchw',p,w[:,:,i,j])",
            "np.einsum('nfhw,cf->nchw',p,w[:,:,kh-1-i,kw-1-j])",
            "kernel turned in dx",
        ),
        ("'nfhw,nchw->cf',p,x)", "'nfhw,nchw->cf',p,x)/n", "dw averaged over images"),
        ("dy.sum((0,2,3))", "g.sum((0,2,3))/2", "db halved"),
        ("dy.sum((0,2,3))", "dy.sum((2,3)).mean(0)", "db mean over images"),
        ("dy.sum((0,2,3))", "x.sum((0,2,3))", "db of x"),
        ("dw[:,:,i,j]=", "dw[:,:,kh-1-i,kw-1-j]=", "dw flipped"),
    ],
    "relu": [
        ("/2", "", "not halved"),
        ("np.abs(x))/2", "np.abs(x))/2+0.1*np.minimum(x,0)", "leaky .1"),
        ("(x+np.abs(x))/2", "np.minimum((x+np.abs(x))/2,6)", "relu6"),
        ("(x+np.abs(x))/2", "np.log1p(np.exp(x))", "softplus"),
        ("(x+np.abs(x))/2", "np.sign(x)*(x>0)", "step function"),
        ("(x+np.abs(x))/2", "np.where(x>1,x,0)", "threshold 1"),
        ("(x+np.abs(x))/2", "x*(x>0)*(x>0).mean()", "times mean mask"),
        ("(x+np.abs(x))/2", "np.where(x>0,x,np.exp(x)-1)", "elu"),
    ],
    "relu_backward": [
        ("dy,0.)", "dy,-dy)", "slope of |x|"),
        ("dy,0.)", "dy,0.01*dy)", "leaky"),
        ("x>0", "x>1", "threshold 1"),
        ("np.where(x>0,dy,0.)", "dy*np.sign(x)", "sign"),
        ("np.where(x>0,dy,0.)", "np.maximum(dy,0)*(x!=0)", "mask of dy"),
        ("np.where(x>0,dy,0.)", "dy*x*(x>0)", "times x"),
        ("np.where(x>0,dy,0.)", "(x>0)*1.0", "no dy"),
        ("x>0", "x<6", "relu6 upper only"),
    ],
    "linear": [
        ("+b", "+b.sum()", "sum of b"),
        ("+b", "-b", "minus b"),
        ("+b", "*b", "times b"),
        ("+b", "+len(x)*b", "bias N times"),
        ("'nc,fc->nf',x,w)", "'nc,fc->nf',x,w)/x.shape[1]", "mean over inputs"),
        ("'nc,fc->nf',x,w)", "'nc,fc->nf',x,np.abs(w))", "abs w"),
        ("'nc,fc->nf',x,w)", "'nc,fc->nf',x[:1],w)", "first sample for all"),
    ],
    "linear_backward": [
        ("dy.sum(0)", "dy.mean(0)", "db mean"),
        ("dy.sum(0)", "dy.sum(0,keepdims=True)", "db keepdims"),
        ("dy.sum(0)", "dy.sum(1)", "db over outputs"),
        ("dw=np.einsum('nf,nc->fc',dy,x)", "dw=np.einsum('nf,nc->fc',dy,x)/len(x)", "dw mean"),
        (
            "dx=np.einsum('nf,fc->nc',dy,w)",
            "dx=np.einsum('nf,fc->nc',np.ones_like(dy),w)",
            "dx without dy",
        ),
        ("dy.sum(0)", "dy[-1]", "db last"),
        ("dy.sum(0)", "dy[0]", "db first"),
        ("dw=np.einsum('nf,nc->fc',dy,x)", "dw=np.einsum('nf,nc->fc',dy,x)*w", "dw times w"),
        ("return dx,dw", "return -dx,dw", "sign of dx"),
    ],
    "softmax": [
        ("np.max(x,axis=1,keepdims=True)", "np.max(x)", "global max"),
        ("-np.max(x,axis=1,keepdims=True)", "", "no max"),
        ("np.sum(z,axis=1,keepdims=True)", "np.sum(z,axis=0,keepdims=True)", "axis 0"),
        (
            "np.max(x,axis=1,keepdims=True)",
            "np.mean(x,axis=1,keepdims=True)",
            "mean instead of max",
        ),
        ("z/np.sum(z,axis=1,keepdims=True)", "z", "not divided"),
        ("np.exp(x-", "np.exp2(x-", "base 2"),
        ("z/np.sum(z,axis=1,keepdims=True)", "z/z.max(axis=1,keepdims=True)", "divided by max"),
        ("np.sum(z,axis=1,keepdims=True)", "np.sum(z,axis=-1,keepdims=True)", "last axis"),
    ],
    "softmax_backward": [
        ("y*dy-y*s", "y*dy+y*s", "sign"),
        ("y*dy-y*s", "y*dy-s", "second without y"),
        ("y*dy-y*s", "y*(1-y)*dy", "diagonal"),
        ("axis=1", "axis=0", "axis 0"),
        (".sum(axis=1", ".mean(axis=1", "mean"),
        ("y*dy-y*s", "dy-y*s", "first without y"),
        ("y*dy-y*s", "y*s-y*dy", "sign all"),
        ("y*dy-y*s", "y*dy", "only first"),
        ("(dy*y)", "dy", "sum of dy"),
    ],
    "cross_entropy": [
        (".mean()", ".sum()", "sum"),
        (".mean()", ".sum()/len(scores)", "images"),
        ("return -lp", "return lp", "sign"),
        ("np.moveaxis(scores,1,-1).reshape(-1,k)", "scores.reshape(-1,k)", "mixed"),
        ("-lp[np.arange(len(t)),t]", "-np.exp(lp[np.arange(len(t)),t])", "no log"),
        ("np.log(", "np.log2(", "log2 wrongly"),
        ("z=z-z.max(1,keepdims=True);", "", "no max"),
        ("-lp[np.arange(len(t)),t].mean()", "-lp.mean()", "all classes"),
        (
            "-lp[np.arange(len(t)),t].mean()",
            "-np.log(np.exp(lp)[np.arange(len(t)),t]).mean()",
            "log of exp (underflow)",
        ),
        ("t=labels.ravel()", "t=labels.ravel()*0", "class 0"),
    ],
    "cross_entropy_backward": [
        ("/labels.size", "", "no mean"),
        ("/labels.size", "/len(labels)", "images"),
        ("p-np.eye(k)[labels]", "np.eye(k)[labels]-p", "sign"),
        ("p-np.eye(k)[labels]", "p", "no truth"),
        ("p-np.eye(k)[labels]", "p+np.eye(k)[labels]", "plus"),
        ("/labels.size", "/k", "by classes"),
        ("np.moveaxis(g,-1,1)", "g.reshape(scores.shape)", "mixed back"),
        ("p-np.eye(k)[labels]", "p*(1-p)-np.eye(k)[labels]", "p(1-p)"),
        ("p-np.eye(k)[labels]", "(p-np.eye(k)[labels])*np.eye(k)[labels]", "only true"),
        ("p-np.eye(k)[labels]", "-np.eye(k)[labels]/p", "nll gradient only"),
    ],
    "batch_norm2d": [
        ("np.sqrt(v+1e-5)", "(v+1e-5)", "no root"),
        ("(m,v)", "(m,np.sqrt(v))", "std"),
        ("(m,v)", "(m,v*n/(n-1))", "unbiased stat"),
        ("running_mean*.9+m*.1", "running_mean*.1+m*.9", "momentum swapped mean"),
        ("running_var*.9+v*n/(n-1)*.1", "running_var*.9+v*.1", "biased running"),
        ("w[:,None,None]*(x", "(x", "w forgotten"),
        ("+b[:,None,None]", "", "b forgotten"),
        ("x.mean((0,2,3))", "x.mean()*np.ones(len(w))", "global mean"),
        ("((x-m[:,None,None])**2).mean((0,2,3))", "(x**2).mean((0,2,3))", "second moment"),
    ],
    "batch_norm2d_backward": [
        ("-h*dw[:,None,None]", "", "no variance path"),
        ("-db[:,None,None]", "", "no mean path"),
        ("w[:,None,None]*r/n", "r/n", "w forgotten in dx"),
        ("r/n*(", "1/n*(", "sigma forgotten"),
        ("(dy*h).sum", "(dy*x).sum", "dw with x"),
        ("n*dy-db", "dy-db", "n forgotten"),
        ("-h*dw", "+h*dw", "sign of var path"),
        ("h=(x-m)*r", "h=(x-m)", "hat without sigma"),
        ("(dy*h).sum((0,2,3))", "(dy*h).mean((0,2,3))", "dw mean"),
        ("n=x[:,0].size", "n=len(x)", "n is N"),
    ],
    "mse_loss_backward": [
        ("2*d", "d", "half"),
        ("/d.size", "", "no mean"),
        ("/d.size", "/len(d)", "rows"),
        ("prediction-target", "target-prediction", "sign"),
        ("2*d", "2*abs(d)", "abs"),
        ("2*d", "2*d**2", "squared"),
        ("2*d", "np.sign(d)", "sign fn"),
    ],
    "smooth_l1_loss": [
        ("a*a/2", "a*a", "inner without half"),
        ("a-.5", "a", "outer no half"),
        ("a-.5", "a*a/2", "square everywhere"),
        ("np.mean", "np.sum", "sum"),
        ("a<1", "a>1", "branches exchanged"),
        ("a<1", "a<2", "threshold 2"),
        ("a-.5", "a-1", "minus one"),
        ("abs(prediction-target)", "(prediction-target)", "no abs"),
    ],
    "smooth_l1_loss_backward": [
        ("/d.size", "", "no mean"),
        ("np.sign(d)", "d", "d everywhere"),
        ("np.sign(d)", "1", "one"),
        ("abs(d)<1", "d<1", "no abs"),
        ("<1,d,", "<1,2*d,", "inner doubled"),
        ("np.sign(d)", "0", "outer zero"),
        ("abs(d)<1", "abs(d)<0.5", "threshold"),
    ],
    "two_losses_backward": [
        ("box_weight*2", "2", "no lambda"),
        ("/boxes.size", "/len(p)", "boxes by images"),
        ("(p-t)/len(p)", "(p-t)", "class not averaged"),
        ("(p-t)/len(p)", "(1-box_weight)*(p-t)/len(p)", "1-λ"),
        ("box_weight*2*", "box_weight*", "2 missing"),
        ("(boxes-targets)", "(targets-boxes)", "sign"),
        ("box_weight*2", "box_weight**2*2", "λ²"),
        ("(p-t)/len(p)", "p/len(p)", "no truth"),
    ],
    "two_heads_backward": [
        ("+dboxes@box_weight", "", "box head missing"),
        ("+dboxes", "-dboxes", "minus"),
        ("dboxes.T@features", "dboxes.T@features/len(features)", "mean"),
        ("dscores.T@features", "(features.T@dscores)", "transposed"),
        (
            "dscores@class_weight+dboxes@box_weight",
            "(dscores@class_weight)*(dboxes@box_weight)",
            "product",
        ),
        ("dboxes.T@features", "dboxes[:1].T@features[:1]", "first image"),
    ],
    "iou": [
        ("b[:,2]*b[:,3]-s", "b[:,2]*b[:,3]", "no minus"),
        ("np.clip(x2-x1,0,None)*np.clip(y2-y1,0,None)", "(x2-x1)*(y2-y1)", "no clip"),
        (
            "np.clip(x2-x1,0,None)*np.clip(y2-y1,0,None)",
            "np.clip((x2-x1)*(y2-y1),0,None)",
            "clip after",
        ),
        ("np.minimum(a[:,0]+a[:,2],b[:,0]+b[:,2])", "np.minimum(a[:,2],b[:,2])", "w as x2"),
        ("np.clip(x2-x1,0,None)", "np.clip(x2-x1+1,0,None)", "+1 in x"),
        ("a[:,2]*a[:,3]+b[:,2]*b[:,3]-s", "np.maximum(a[:,2]*a[:,3],b[:,2]*b[:,3])", "larger area"),
    ],
    "adam_step": [
        ("(m/(1-.9**step))", "m", "no correction m"),
        ("s/(1-.999**step)", "s", "no correction s"),
        ("np.sqrt(s/(1-.999**step))+1e-8", "s/(1-.999**step)+1e-8", "no root"),
        ("w-lr", "w+lr", "sign"),
        (".001*dw*dw", ".001*dw", "not squared"),
        (",m,s", ",m/(1-.9**step),s", "corrected returned"),
        ("+1e-8", "", "no eps"),
        (".9**step", ".9*step", "times for power"),
    ],
    "sgd_step": [
        ("+dw", "+lr*dw", "lr inside"),
        ("w-lr*v", "w-v", "no lr"),
        ("w-lr*v", "w-lr*dw", "dw"),
        ("w-lr*v", "w+lr*v", "plus"),
        ("momentum*velocity+dw", "momentum*velocity+(1-momentum)*dw", "ema"),
        (",v", ",velocity", "old returned"),
    ],
    "max_unpool2d": [
        ("s//w,s%w", "s//h,s%h", "height"),
        ("s//w,s%w", "s%w,s//w", "exchanged"),
        ("]+=", "]=", "assigned"),
        ("switches[i,j,p,q]", "switches[i,0,p,q]", "first channel's switches"),
        ("switches[i,j,p,q]", "switches[0,j,p,q]", "first image's"),
        ("switches[i,j,p,q]", "switches[i,j,q%x.shape[2],p%x.shape[3]]", "p q exchanged"),
        ("+=x[i,j,p,q]", "+=1", "ones"),
    ],
    "bed_of_nails_unpool2d": [
        ("k[0,0]=1", "k[-1,-1]=1", "bottom right"),
        ("k[0,0]=1", "k[:]=1", "all"),
        ("k[0,0]=1", "k[0,:]=1", "row"),
        ("np.zeros((sh,sw))", "np.zeros((sw,sh))", "exchanged"),
        ("np.kron(x,k)", "np.tile(x,(1,1,sh,sw))", "tile"),
        ("k[0,0]=1", "k[0,0]=sh*sw", "times block size"),
        ("k[0,0]=1", "k[0,0]=1/(sh*sw)", "divided"),
    ],
}
